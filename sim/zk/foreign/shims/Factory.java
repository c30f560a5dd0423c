package foreign;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.*;
import org.apache.zookeeper.server.*;

/** Serves a port by a process of simctl instead of this JVM's server, as zookeeper.serverCnxnFactory. */
public class Factory extends ServerCnxnFactory {
    private InetSocketAddress address;
    private int max;
    private Server server;

    public void configure(InetSocketAddress a, int maxConnections, int backlog, boolean secure) {
        address = a;
        max = maxConnections;
    }

    public void startup(ZooKeeperServer zks, boolean startServer) throws IOException {
        setZooKeeperServer(zks);
        Properties p = new Properties();
        p.setProperty("tickTime", "" + zks.getTickTime());
        p.setProperty("dataDir", zks.getTxnLogFactory().getSnapDir().getParent());
        p.setProperty("clientPort", "" + address.getPort());
        p.setProperty("minSessionTimeout", "" + zks.getMinSessionTimeout());
        p.setProperty("maxSessionTimeout", "" + zks.getMaxSessionTimeout());
        p.setProperty("maxClientCnxns", "" + max);
        server = new Server(p);
        server.start();
        try {
            server.awaitUp(20_000);
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    public void shutdown() {
        if (server != null)
            server.stop();
    }

    public int getLocalPort() { return address.getPort(); }
    public InetSocketAddress getLocalAddress() { return address; }
    public void reconfigure(InetSocketAddress a) { address = a; }
    public int getMaxClientCnxnsPerHost() { return max; }
    public void setMaxClientCnxnsPerHost(int m) { max = m; }
    public int getSocketListenBacklog() { return -1; }
    public Iterable<ServerCnxn> getConnections() { return Collections.emptyList(); }
    public Iterable<Map<String, Object>> getAllConnectionInfo(boolean brief) { return Collections.emptyList(); }
    public void join() { }
    public void start() { }
    public void closeAll(ServerCnxn.DisconnectReason reason) { }
    public void resetAllConnectionStats() { }
}
