package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.xmm;
import static ai.realm.core.kernel.machine.Vector.ymm;
import static ai.realm.core.kernel.machine.Vector.zmm;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The assembler's bytes are those of GNU {@code as}; a digest of them holds where there is none. */
class AssemblerTest {
    /** Of the bytes that GNU as 2.40 makes of {@link #everything}. */
    private static final String DIGEST = "ed58dae1d88ed28ba2654a58573dd87af960543ee8c48e3ccc4158d8044c6545";

    private static List<Address> addresses() {
        List<Address> all = new ArrayList<>();
        for (Gpr base : Gpr.values()) {
            for (int d : new int[]{0, 4, -4, 16, 64, 127, 128, -128, -8192, 8128, 1 << 20}) {
                all.add(Address.at(base, d));
            }
        }
        for (Gpr index : new Gpr[]{Gpr.RAX, Gpr.RBP, Gpr.RDI, Gpr.R8, Gpr.R12, Gpr.R13, Gpr.R15}) {
            for (Gpr base : new Gpr[]{Gpr.RCX, Gpr.RSP, Gpr.RBP, Gpr.R11, Gpr.R12, Gpr.R13}) {
                all.add(Address.at(base, index, 1, 0));
                all.add(Address.at(base, index, 2, 96));
                all.add(Address.at(base, index, 4, -64));
                all.add(Address.at(base, index, 8, 4096));
            }
        }
        return all;
    }

    /** Each instruction with registers of every quarter and addresses of every form. */
    static Assembler everything() {
        Assembler a = new Assembler();
        InstructionBuffer.Label back = new InstructionBuffer.Label();
        InstructionBuffer.Label forth = new InstructionBuffer.Label();
        a.place(back);
        general(a);
        for (int i = 0; i < 32; i += 5) {
            for (int bits : new int[]{128, 256, 512}) {
                vectors(a, new Vector(i, bits), new Vector((i + 9) % 32, bits), new Vector((i + 18) % 32, bits));
            }
        }
        for (InstructionBuffer.Condition c : InstructionBuffer.Condition.values()) {
            a.jump(c, back);
            a.jump(c, forth);
        }
        a.jump(back);
        a.jump(forth);
        a.place(forth);
        for (Address at : addresses()) {
            memory(a, at);
        }
        a.vzeroupper();
        a.ret();
        return a;
    }

    private static void general(Assembler a) {
        for (Gpr r : Gpr.values()) {
            a.mov(r, Gpr.RCX);
            a.mov(Gpr.R9, r);
            a.mov32(r, 0x12345678);
            a.mov32(r, -1);
            a.mov32(r, Gpr.RDX);
            a.mov32(Gpr.R10, r);
            a.test(r, Gpr.RBX);
            a.test(Gpr.R12, r);
            a.add(r, Gpr.R8);
            a.add(Gpr.RSI, r);
            for (int v : new int[]{1, 127, 128, -128, -129, 1 << 20}) {
                a.add(r, v);
                a.sub(r, v);
                a.cmp(r, v);
            }
            a.shl(r, 1);
            a.shl(r, 6);
            a.shr(r, 32);
            a.push(r);
            a.pop(r);
            a.kmovw(3, r);
        }
        a.cpuid();
        a.xgetbv();
        a.syscall();
        a.tilerelease();
        for (int tile = 0; tile < 8; tile++) {
            a.tilezero(tile);
            a.tdpbssd(tile, (tile + 3) % 8, (tile + 6) % 8);
        }
        a.kortestw(1, 2);
    }

    private static void vectors(Assembler a, Vector x, Vector y, Vector z) {
        a.vmovaps(x, 2, y);
        a.vmovdqa32(x, z);
        a.vpbroadcastd(x, Gpr.RDX);
        a.vpbroadcastd(z, Gpr.R14);
        a.vpxord(x, y, z);
        a.vpandd(x, y, z);
        a.vpaddd(z, x, y);
        a.vpsubb(x, z, y);
        a.vpternlogd(x, y, z, 0xf8);
        a.vpsrlw(x, y, 4);
        a.vpsllw(y, z, 3);
        a.vpslld(z, x, 16);
        a.vpsrld(x, y, 16);
        a.vpshufb(x, y, z);
        a.vpdpbusd(x, y, z);
        a.vcvtdq2ps(x, z);
        a.vcvtps2dq(x, y);
        a.vaddps(x, y, z);
        a.vmulps(x, y, z);
        a.vmulps(x, 5, y, z);
        a.vdivps(x, y, z);
        a.vdivpsz(x, 1, y, z);
        a.vmaxps(x, y, z);
        a.vfmadd231ps(x, y, z);
        a.vcmpps(2, y, z, 3);
        a.vcmpps(7, x, y, 4);
        a.vpermilps(x, y, 0x4e);
        a.vmovsldup(x, y);
        a.vcvtph2ps(x, y);
        a.vcvtps2ph(y, x);
        a.vsubps(x, y, z);
        a.vminps(z, y, x);
        a.vmaxps(x, 3, y, z);
        a.vsqrtps(y, z);
        a.vmovapsz(x, 6, z);
        a.vrndscaleps(x, y);
        a.vscalefps(x, y, z);
        a.vfmadd213ps(y, z, x);
        a.vfnmadd231ps(x, y, z);
        a.vfmaddsub213ps(z, x, y);
        a.vpcmpd(3, 0, x, y, 5);
        a.vpcmpd(1, 2, y, z, 1);
        a.vunpcklps(x, y, z);
        a.vunpckhps(y, z, x);
        a.vunpcklpd(z, x, y);
        a.vunpckhpd(x, y, z);
        a.vgatherdps(x, 4, Gpr.RSI, y);
        a.vgatherdps(y, 1, Gpr.R10, z);
        if (x.bits() > 128) {
            a.vshuff64x2(x, y, z, 1);
        }
    }

    private static void memory(Assembler a, Address at) {
        int r = a.listing().size() % 32;
        a.mov(Gpr.RAX, at);
        a.mov(Gpr.R13, at);
        a.mov32(at, Gpr.RBX);
        a.mov32(at, Gpr.R9);
        a.lea(Gpr.RDX, at);
        a.prefetcht0(at);
        a.prefetcht1(at);
        for (Vector v : new Vector[]{xmm(r), ymm((r + 11) % 32), zmm((r + 22) % 32)}) {
            a.vmovups(v, at);
            a.vmovups(at, v);
            a.vmovups(at, 4, v);
            a.vpbroadcastd(v, at);
            a.vpandd(v, zmm(r).bits() == v.bits() ? zmm(r) : new Vector(17, v.bits()), at);
            a.vpmulld(v, new Vector(3, v.bits()), at);
            a.vpsrlw(v, at, 2);
            a.vpsllw(v, at, 4);
            a.vmovups(v, 5, at);
            a.vcvtph2ps(v, 3, at);
            a.vpmovzxwd(v, 6, at);
            a.vpmovzxwd(v, 0, at);
            a.vaddps(v, zmm(r).bits() == v.bits() ? zmm(r) : new Vector(18, v.bits()), at);
            a.vmulps(v, new Vector(30, v.bits()), at);
            a.vfmadd231ps(v, new Vector(9, v.bits()), at);
        }
        a.vpbroadcastw(ymm(r), at);
        a.vpmovzxdq(zmm(r), at);
        a.vcvtps2ph(at, zmm(r));
        a.vpextrw(at, xmm(r));
        a.vpmovdb(at, zmm(r));
        a.vcvtdq2ps(zmm(r), at);
        a.ldtilecfg(at);
        if (at.index() != null && at.scale() == 1) {
            a.tileloadd(r % 8, at);
            a.tilestored(at, (r + 3) % 8);
        }
        a.vpmovdw(at, zmm(r));
        a.vpmovzxbd(zmm(r), at);
        a.vpmovsxbd(zmm(31 - r), at);
        a.vcvtph2ps(zmm(r), at);
        a.vmulps1(zmm(r), zmm(31 - r), at);
        a.vfmadd231ps1(zmm(31 - r), zmm(r), at);
        a.vfnmadd231ps1(zmm(r), zmm(7), at);
    }

    @Test
    void everything_asBytes_hasTheDigestOfTheReference() throws Exception {
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(everything().toByteArray())))
                .isEqualTo(DIGEST);
    }

    /** Runs where binutils are, as they are on most machines that have a compiler. */
    @Test
    void everything_asText_becomesTheSameBytesByGnuAs(@TempDir Path dir) throws Exception {
        if (!has("as") || !has("objcopy")) {
            return; // the digest says the same
        }
        Assembler a = everything();
        List<String> lines = new ArrayList<>(a.listing());
        lines.addFirst(".intel_syntax noprefix");
        Files.write(dir.resolve("a.s"), lines);
        run(dir, "as", "a.s", "-o", "a.o");
        run(dir, "objcopy", "-O", "binary", "-j", ".text", "a.o", "a.bin");
        byte[] want = Files.readAllBytes(dir.resolve("a.bin"));
        assertThat(HexFormat.of().formatHex(a.toByteArray())).isEqualTo(HexFormat.of().formatHex(want));
    }

    private static boolean has(String program) {
        for (String dir : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (Files.isExecutable(Path.of(dir, program))) {
                return true;
            }
        }
        return false;
    }

    private static void run(Path dir, String... command) throws IOException, InterruptedException {
        Process p = new ProcessBuilder(command).directory(dir.toFile()).redirectErrorStream(true).start();
        String output = new String(p.getInputStream().readAllBytes());
        assertThat(p.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(output).isEmpty();
    }
}
