import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import java.net.InetAddress;

/** An LDAP server in memory, on the loopback interface: prints its URL, ends with its input. */
class Directory {
    public static void main(String[] arguments) throws Exception {
        var config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
        config.addAdditionalBindCredentials("cn=admin", "s3cret");
        config.setSchema(null);
        var loopback = InetAddress.getLoopbackAddress();
        config.setListenerConfigs(
                InMemoryListenerConfig.createLDAPConfig("plain", loopback, 0, null));
        var server = new InMemoryDirectoryServer(config);
        server.importFromLDIF(true, arguments[0]);
        server.startListening();
        System.out.println("ldap://" + loopback.getHostAddress() + ":" + server.getListenPort());
        while (System.in.read() >= 0) {}
        server.shutDown(true);
    }
}
