package ai.realm.runtime.guest;

import java.util.List;

/**
 * What a module is, as far as it can be known without a request: for {@code realm guest check} and for logs.
 *
 * @param digest SHA-256 of the bytes in hexadecimal
 * @param moduleBytes size of the module
 * @param imports {@code env.name (i32, i32) -> (i32)}, in the module's order
 * @param exports functions as imports are written, other exports as {@code name: kind}
 * @param abiVersion what {@code realm_abi_version} returned; 0 when there is none
 * @param memoryPages pages of 64 KiB at the start
 * @param maxMemoryPages pages that the module says it needs at most; -1 when it does not say
 * @param tableElements elements of all tables at the start
 * @param functions functions that the module defines
 * @param seesTokens exports {@code on_token} or imports {@code realm_host_emit}: it decides what reaches the client piece by piece
 * @param compileNanos time that parsing, checking, compiling and warming took; shorter when the compiled code was there already
 */
public record GuestReport(String digest, int moduleBytes, List<String> imports, List<String> exports, int abiVersion,
        int memoryPages, int maxMemoryPages, int tableElements, int functions, boolean seesTokens, long compileNanos) {

    public GuestReport {
        imports = List.copyOf(imports);
        exports = List.copyOf(exports);
    }
}
