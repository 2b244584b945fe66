package ai.realm.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes the directory of a new guest: the template of an SDK with its {@code build.sh}, and the SDK itself in {@code sdk/}. In the
 * SDK's own folders the template stands below what it uses, so the paths that say so are changed on the way.
 */
final class GuestScaffold {
    private static final Set<String> MADE_BY_BUILDS = Set.of("guest.wasm", "target", "node_modules", "Cargo.lock", "engine",
            "go.sum");
    private static final Set<String> KEPT_EXECUTABLE = Set.of("build.sh");

    private final Path sdks;

    GuestScaffold(Path sdks) {
        this.sdks = sdks;
    }

    /** The languages that there is an SDK for. */
    List<String> languages() throws IOException {
        try (Stream<Path> entries = Files.list(sdks)) {
            return entries.filter(d -> Files.isDirectory(d.resolve("template"))).map(d -> d.getFileName().toString()).sorted()
                    .toList();
        }
    }

    /** The source of the new guest. */
    Path create(String language, Path directory) throws IOException {
        Path sdk = sdks.resolve(language);
        Path template = sdk.resolve("template");
        copy(template, directory, template);
        copy(sdk, directory.resolve("sdk"), template);
        try (Stream<Path> made = Files.list(directory)) {
            return made.filter(p -> p.getFileName().toString().startsWith("guest.")).findFirst().orElse(directory);
        }
    }

    /** Copies a tree without what builds leave and, below the top, without {@code template}. */
    private static void copy(Path from, Path to, Path template) throws IOException {
        try (Stream<Path> entries = Files.list(from)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                String name = entry.getFileName().toString();
                if (MADE_BY_BUILDS.contains(name) || entry.equals(template)) {
                    continue;
                }
                Path target = to.resolve(name);
                if (Files.isDirectory(entry)) {
                    copy(entry, target, template);
                } else {
                    Files.createDirectories(to);
                    Files.writeString(target, relocated(Files.readString(entry)));
                    if (KEPT_EXECUTABLE.contains(name)) {
                        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(target);
                        permissions.add(PosixFilePermission.OWNER_EXECUTE);
                        Files.setPosixFilePermissions(target, permissions);
                    }
                }
            }
        }
    }

    private static String relocated(String text) {
        return text.replace("\nsdk=..\n", "\nsdk=sdk\n").replace("path = \"..\"", "path = \"sdk\"").replace("\"../assembly/",
                "\"./sdk/assembly/").replace("=> ../\n", "=> ./sdk\n").replace("\"../realm\"", "\"./sdk/realm\"");
    }
}
