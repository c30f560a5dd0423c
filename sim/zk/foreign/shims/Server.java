package foreign;

import java.io.*;
import java.net.*;
import java.util.*;

/** One server of simctl, a process, started by what a zoo.cfg would say. */
public class Server {
    private final Properties cfg;
    private Process process;

    public Server(Properties cfg) {
        this.cfg = cfg;
    }

    public synchronized void start() throws IOException {
        if (process != null && process.isAlive())
            return;
        new File(cfg.getProperty("dataDir")).mkdirs();
        Properties all = new Properties();
        for (String key : System.getProperties().stringPropertyNames()) {
            if (key.matches("jute.maxbuffer|readonlymode.enabled|znode.container.checkIntervalMs"))
                all.setProperty(key, System.getProperty(key));
            else if (key.startsWith("zookeeper."))
                all.setProperty(key.substring("zookeeper.".length()), System.getProperty(key));
        }
        all.putAll(cfg);
        File file = File.createTempFile("zoo", ".cfg");
        file.deleteOnExit();
        try (PrintWriter w = new PrintWriter(file)) {
            for (String key : new TreeSet<>(all.stringPropertyNames()))
                w.println(key + "=" + all.getProperty(key));
        }
        process = new ProcessBuilder(System.getenv("SIMCTL"), "zk", "--config=" + file).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    }

    /** Waits until the server serves. */
    public void awaitUp(long ms) throws Exception {
        for (long end = System.currentTimeMillis() + ms; System.currentTimeMillis() < end; Thread.sleep(20)) {
            if (!process.isAlive())
                throw new IOException("the server ended with " + process.exitValue());
            try (Socket s = new Socket("127.0.0.1", Integer.parseInt(cfg.getProperty("clientPort")))) {
                s.setSoTimeout(1000);
                s.getOutputStream().write("srvr".getBytes());
                if (new String(s.getInputStream().readAllBytes()).matches("(?s)Zookeeper version.*|srvr is not executed.*"))
                    return;
            } catch (IOException notYet) {
            }
        }
        throw new IOException("not serving after " + ms + " ms");
    }

    public synchronized void stop() {
        if (process == null)
            return;
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process = null;
    }
}
