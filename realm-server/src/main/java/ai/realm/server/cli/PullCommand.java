package ai.realm.server.cli;

import ai.realm.server.cli.catalog.CatalogEntry;
import ai.realm.server.cli.catalog.Download;
import ai.realm.runtime.store.FileDigest;
import ai.realm.server.cli.catalog.Fit;
import ai.realm.server.cli.catalog.Hubs;
import ai.realm.server.cli.catalog.ModelCatalog;
import ai.realm.server.cli.catalog.RemoteModel;
import ai.realm.server.cli.catalog.TransferLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code realm pull}: fetches a model of the catalogue or of a hub, resuming what an earlier attempt left. */
@Command(name = "pull", description = "Fetch a model of the catalogue (see: realm models), of Hugging Face, of an Ollama registry or of an address; run again after an "
        + "interruption, it resumes. Tokens: HF_TOKEN, and REALM_PULL_TOKEN for addresses. Other hubs: HF_ENDPOINT, OLLAMA_REGISTRY.")
@SuppressWarnings("NullAway.Init")
public final class PullCommand implements Callable<Integer> {
    private static final int STALL_MILLIS = 60_000;

    @Parameters(paramLabel = "NAME", description = "A name of the catalogue, hf.co/ORG/REPO[:QUANT], hf.co/ORG/REPO/FILE.gguf, MODEL:TAG, or https://…/FILE.gguf.")
    private String name;

    @Option(names = "--catalog", paramLabel = "FILE", description = "Another catalogue than models/catalog.yaml.")
    private @Nullable Path catalogFile;

    @Option(names = "--dir", paramLabel = "DIR", description = "Where to put the file; by default where serve looks.")
    private @Nullable Path dir;

    @Option(names = "--max-bytes", defaultValue = "68719476736", paramLabel = "N", description = "Refuse a file larger than this (default ${DEFAULT-VALUE}).")
    private long maxBytes;

    @Option(names = "--sha256", paramLabel = "HEX", description = "What the file of an address must have.")
    private @Nullable String sha256;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        ModelCatalog catalog = catalogFile == null
                ? ModelCatalog.open()
                : ModelCatalog.read(catalogFile, catalogFile.resolveSibling(""));
        if (!catalog.has(name)) {
            Optional<RemoteModel> remote = new Hubs(System.getenv()).find(name,
                    sha256 == null ? null : sha256.toLowerCase(Locale.ROOT));
            if (remote.isPresent()) {
                return pull(remote.get(), catalog, out, err);
            }
        }
        CatalogEntry entry = catalog.get(name);
        Path target = dir == null ? catalog.locate(entry).orElse(catalog.target(entry)) : dir.resolve(entry.file());
        if (Files.exists(target)) {
            return present(entry, target, out);
        }
        if (entry.url() == null) {
            throw new IOException(entry.file() + " comes with Realm and is missing; restore it from the repository");
        }
        err.println("realm: fetching " + entry.name() + " (licence: " + entry.licence() + ") from " + entry.url().getHost());
        TransferLine line = new TransferLine(err, System.console() != null);
        try {
            new Download(entry, target, maxBytes, STALL_MILLIS, line::at).run();
        } finally {
            line.end();
        }
        if (entry.sha256() == null) {
            err.println("realm: the catalogue has no SHA-256 for it; this file's is " + FileDigest.sha256(target));
        }
        out.println(target);
        return 0;
    }

    private int pull(RemoteModel model, ModelCatalog catalog, PrintWriter out, PrintWriter err) throws IOException {
        CatalogEntry first = model.first();
        URI from = first.url();
        err.println("realm: fetching " + first.name() + " (licence: " + first.licence() + ") from "
                + (from == null ? "" : from.getHost())
                + (model.parts().size() == 1 ? "" : ", " + model.parts().size() + " files"));
        Fit fit = Fit.of(model.bytes());
        if (fit != null && !fit.fits()) {
            err.println("realm: " + fit.text());
        }
        TransferLine line = new TransferLine(err, System.console() != null);
        Path file;
        try {
            file = model.fetch(dir == null ? catalog.folder() : dir, dir == null, maxBytes, STALL_MILLIS, line::at);
        } finally {
            line.end();
        }
        if (first.sha256() == null) {
            err.println("realm: nobody gave a SHA-256 for it; this file's is " + FileDigest.sha256(file));
        }
        if (dir == null) {
            catalog.record(first);
            err.println("realm: serve it by its name: ./realm serve --model " + first.name());
        }
        out.println(file);
        return 0;
    }

    private static int present(CatalogEntry entry, Path target, PrintWriter out) throws IOException {
        String want = entry.sha256();
        if (want != null) {
            String got = FileDigest.sha256(target);
            if (!got.equals(want)) {
                throw new IOException(target + " is there but its SHA-256 is " + got + ", not " + want
                        + "; remove it and run the same command again");
            }
        }
        out.println(target);
        return 0;
    }
}
