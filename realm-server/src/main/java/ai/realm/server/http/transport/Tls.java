package ai.realm.server.http.transport;

import ai.realm.core.error.RealmException;
import ai.realm.server.config.TlsSettings;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.EndPoint.SslSessionData;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of a listener, with HTTP/2 where the client offers it. Certificates and keys are read again when their files change: connections
 * that there are keep the old ones, and files with a mistake are said and change nothing. Owns the thread that looks.
 */
final class Tls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final int STREAMS = 256;

    private final TlsSettings settings;
    private final SslContextFactory.Server context = new SslContextFactory.Server();
    private @Nullable Thread watch;

    /** @throws RealmException INVALID_REQUEST when the files cannot be used */
    Tls(TlsSettings settings) {
        this.settings = settings;
        // A client may come by an address, or by a name that only a proxy knows.
        context.setSniRequired(false);
        Stores.read(settings).into(context);
        if (settings.clientCa() != null) {
            context.setNeedClientAuth(settings.required());
            context.setWantClientAuth(!settings.required());
        }
    }

    /**
     * What the files hold.
     *
     * @param trusted null where no authority of clients is named
     */
    private record Stores(KeyStore own, @Nullable KeyStore trusted) {
        static Stores read(TlsSettings settings) {
            Path ca = settings.clientCa();
            return new Stores(Pem.keyStore(settings.certificate(), settings.key()), ca == null ? null : Pem.trustStore(ca));
        }

        void into(SslContextFactory f) {
            f.setKeyStore(own);
            f.setKeyStorePassword(new String(Pem.NO_PASSWORD));
            if (trusted != null) {
                f.setTrustStore(trusted);
            }
        }
    }

    /** A connector that speaks HTTP/2 and HTTP/1.1. */
    ServerConnector connector(Server server, HttpConfiguration plain) {
        HttpConfiguration http = new HttpConfiguration(plain);
        http.addCustomizer(new SecureRequestCustomizer(false));
        HttpConnectionFactory http1 = new HttpConnectionFactory(http);
        HTTP2ServerConnectionFactory http2 = new HTTP2ServerConnectionFactory(http);
        http2.setMaxConcurrentStreams(STREAMS);
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http1.getProtocol());
        return new ServerConnector(server, new SslConnectionFactory(context, alpn.getProtocol()), alpn, http2, http1);
    }

    /** From now on changes of the files are followed. */
    void start() {
        watch = Thread.ofVirtual().name("certificates").start(() -> {
            List<String> seen = state();
            List<String> tried = seen;
            try {
                while (true) {
                    Thread.sleep(LOOK);
                    List<String> now = state();
                    // Of several files one is written after the other: they are read when they have rested.
                    if (!now.equals(seen) && now.equals(tried)) {
                        reload();
                        seen = now;
                    }
                    tried = now;
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        });
    }

    private void reload() {
        try {
            // All of it is read and checked before anything is changed.
            Stores stores = Stores.read(settings);
            context.reload(stores::into);
            LOG.info("the certificate was read again file={}", settings.certificate());
        } catch (Exception e) {
            LOG.error("the certificate was not read again, the one before stays cause={}", e.getMessage());
        }
    }

    private List<String> state() {
        List<String> all = new ArrayList<>();
        Stream.of(settings.certificate(), settings.key(), settings.clientCa()).filter(f -> f != null).forEach(f -> {
            try {
                all.add(Files.getLastModifiedTime(f) + " " + Files.size(f));
            } catch (IOException e) {
                all.add("missing");
            }
        });
        return all;
    }

    /** Whether the client has shown a certificate, which was verified. */
    static boolean hasClientCertificate(HttpServletRequest request) {
        SslSessionData data = ServletContextRequest.getServletContextRequest(request).getConnectionMetaData().getConnection()
                .getEndPoint().getSslSessionData();
        try {
            return data != null && data.sslSession() != null && data.sslSession().getPeerCertificates().length > 0;
        } catch (SSLPeerUnverifiedException e) {
            return false;
        }
    }

    @Override
    public void close() {
        Thread t = watch;
        if (t != null) {
            t.interrupt();
        }
    }
}
