package org.apache.zookeeper.server.embedded;

import java.nio.file.Path;
import java.util.*;

/** An embedded server that is a process of simctl: what Curator's TestingServer and TestingCluster start. */
class ZooKeeperServerEmbeddedImpl implements ZooKeeperServerEmbedded {
    private final Properties cfg = new Properties();
    private final foreign.Server server;

    ZooKeeperServerEmbeddedImpl(Properties p, Path baseDir, ExitHandler handler) {
        cfg.setProperty("dataDir", baseDir.resolve("data").toAbsolutePath().toString());
        for (Object key : p.keySet())
            cfg.setProperty("" + key, "" + p.get(key));
        server = new foreign.Server(cfg);
    }

    public void start() throws Exception { start(60_000); }

    public void start(long ms) throws Exception {
        server.start();
        if (cfg.stringPropertyNames().stream().filter(k -> k.startsWith("server.")).count() < 2)
            server.awaitUp(ms);
    }

    public String getConnectionString() { return "localhost:" + cfg.getProperty("clientPort"); }
    public String getSecureConnectionString() { return "localhost:" + cfg.getProperty("secureClientPort"); }
    public void close() { server.stop(); }
}
