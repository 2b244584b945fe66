package ai.realm.server.cli.verify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A kind of conformance case: a folder's name and how the cases in it are run. */
interface Kind {
    /** The name of its folder. */
    String name();

    /**
     * Runs every case in the folder and tells each verdict; a case that cannot be run is a failed one.
     *
     * @throws IOException when the folder itself cannot be read
     */
    void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException;
}
