package ai.realm.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import java.util.List;
import java.util.stream.Stream;

/** Holds the map of docs/architecture.md: which package may use which. Arrows point down only. */
class PackageDirectionsTest {
    private static JavaClasses realm;

    /** A package of Realm and the packages of Realm that it may use besides its own and {@code core.error}. */
    private record Layer(String name, String... mayUse) {}

    private static final List<Layer> MAP = List.of(
            new Layer("core.error"),
            new Layer("core.tensor"),
            new Layer("core.gguf", "core.tensor"),
            new Layer("core.kernel", "core.tensor"),
            new Layer("core.tokenizer", "core.gguf"),
            new Layer("core.chat", "core.tokenizer", "core.gguf"),
            new Layer("core.model", "core.gguf", "core.tensor", "core.kernel"),
            new Layer("core.sampling", "core.tokenizer"),
            new Layer("runtime.store", "core"),
            new Layer("runtime.kvcache", "core.model", "core.kernel"),
            new Layer("runtime.scheduler", "core", "runtime.kvcache"),
            new Layer("runtime.engine", "core", "runtime.kvcache", "runtime.scheduler"),
            new Layer("runtime.warmup", "core", "runtime.kvcache", "runtime.scheduler", "runtime.engine"),
            new Layer("runtime.loading", "core", "runtime.kvcache", "runtime.scheduler", "runtime.engine", "runtime.warmup",
                    "runtime.store"),
            new Layer("runtime.session", "core", "runtime.scheduler", "runtime.engine", "runtime.loading", "runtime.store"),
            new Layer("runtime.guest", "core.error", "core.tokenizer", "core.sampling", "runtime.session", "runtime.store"),
            new Layer("server.domain", "core", "runtime"),
            new Layer("server.error", "runtime.guest"),
            new Layer("server.sse", "core", "runtime"),
            new Layer("server.outbound", "runtime.guest", "runtime.session", "server.domain"),
            new Layer("server.config", "core", "runtime", "server.domain"),
            new Layer("server.log"),
            new Layer("server.tracing", "core", "runtime", "server.config"),
            new Layer("server.accounts", "core", "runtime", "server.domain", "server.config"),
            new Layer("server.metrics", "core", "runtime", "server.accounts"),
            new Layer("server.tenant", "core", "runtime", "guest", "server.domain", "server.error", "server.accounts"),
            new Layer("server.model", "core", "runtime", "server.domain", "server.accounts", "server.tenant"),
            new Layer("server.admin", "core", "runtime", "server.domain", "server.config", "server.error", "server.accounts",
                    "server.tenant",
                    "server.model"),
            new Layer("server.http", "core", "runtime", "server.domain", "server.error", "server.sse", "server.config",
                    "server.accounts", "server.metrics", "server.tenant", "server.model", "server.admin", "server.outbound",
                    "server.tracing"));

    @BeforeAll
    static void importClasses() {
        realm = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("-tests.jar")).importPackages("ai.realm");
    }

    @Test
    void import_ofMainClasses_findsAllModules() {
        assertThat(realm.stream().map(JavaClass::getPackageName)).anyMatch(p -> p.startsWith("ai.realm.core"))
                .anyMatch(p -> p.startsWith("ai.realm.runtime")).anyMatch(p -> p.startsWith("ai.realm.server"));
    }

    @TestFactory
    Stream<DynamicTest> package_usesOnlyWhatTheMapAllows() {
        return MAP.stream().map(layer -> DynamicTest.dynamicTest(layer.name, () -> {
            String[] allowed = Stream.concat(Stream.of(layer.name, "core.error"), Stream.of(layer.mayUse))
                    .map(PackageDirectionsTest::pattern).toArray(String[]::new);
            DescribedPredicate<JavaClass> forbidden = resideInAPackage("ai.realm..")
                    .and(DescribedPredicate.not(resideInAnyPackage(allowed)));
            noClasses().that().resideInAPackage(pattern(layer.name)).should().dependOnClassesThat(forbidden)
                    .allowEmptyShould(true)
                    .check(realm);
        }));
    }

    /** Between any two packages of the server arrows point one way only. */
    @Test
    void serverPackages_ofAnyDepth_areFreeOfCycles() {
        slices().matching("ai.realm.server.(**)").should().beFreeOfCycles().check(realm);
        assertThat(realm.stream().map(JavaClass::getPackageName).filter(p -> p.startsWith("ai.realm.server")).distinct())
                .hasSizeGreaterThan(15);
    }

    /** APIs are shapes around one way to run: they know it and not each other, and it knows none of them. */
    @Test
    void apiShapes_doNotKnowEachOther() {
        String http = "ai.realm.server.http.";
        slices().matching("ai.realm.server.http.(*)..").should().beFreeOfCycles().check(realm);
        noClasses().that().resideInAnyPackage(http + "transport..", http + "json..").should()
                .dependOnClassesThat(resideInAnyPackage(http + "inference..", "ai.realm.runtime.guest..")).check(realm);
        noClasses().that().resideInAPackage(http + "inference..").should()
                .dependOnClassesThat(resideInAnyPackage(http + "openai..", http + "anthropic..", http + "ollama..")).check(realm);
    }

    @Test
    void core_knowsNoHttpNoLoggerNoWebAssembly() {
        noClasses().that().resideInAPackage("ai.realm.core..").should().dependOnClassesThat(
                resideInAnyPackage("org.slf4j..", "java.util.logging..", "java.net.http..", "com.dylibso..", "io.javalin.."))
                .check(realm);
    }

    @Test
    void machineKernels_knowNoOtherProvider() {
        noClasses().that().resideInAPackage("ai.realm.core.kernel.machine..").should()
                .dependOnClassesThat(resideInAnyPackage("ai.realm.core.kernel.simd..", "ai.realm.core.kernel.scalar.."))
                .check(realm);
    }

    @Test
    void vectorApi_isImportedBySimdKernelsOnly() {
        noClasses().that().resideOutsideOfPackage("ai.realm.core.kernel.simd..").should()
                .dependOnClassesThat(resideInAPackage("jdk.incubator.vector..")).check(realm);
    }

    /** A product made elsewhere would leave out what the file says about the map besides its matrix. */
    @Test
    void matrixProducts_ofAModel_areMadeByLinearOnly() {
        DescribedPredicate<JavaMethodCall> product = DescribedPredicate.describe("a matrix product",
                call -> call.getTarget().getName().equals("matmul"));
        DescribedPredicate<JavaClass> linear = DescribedPredicate.describe("Linear",
                c -> c.getName().matches("ai\\.realm\\.core\\.model\\.Linear(\\$.*)?"));
        noClasses().that().resideInAPackage("ai.realm.core.model..").and(DescribedPredicate.not(linear))
                .should().callMethodWhere(product).check(realm);
        assertThat(realm.get("ai.realm.core.model.Linear").getMethodCallsFromSelf()).anyMatch(product);
    }

    @Test
    void chicory_isImportedByTheGuestHostOnly() {
        noClasses().that().resideOutsideOfPackage("ai.realm.runtime.guest..").should()
                .dependOnClassesThat(resideInAPackage("com.dylibso..")).check(realm);
    }

    @Test
    void everyClass_belongsToOneOfTheThreeLayers() {
        classes().that().resideInAPackage("ai.realm..").should()
                .resideInAnyPackage("ai.realm.core..", "ai.realm.runtime..", "ai.realm.server..", "ai.realm.guest..")
                .check(realm);
    }

    private static String pattern(String layer) {
        return "ai.realm." + layer + "..";
    }
}
