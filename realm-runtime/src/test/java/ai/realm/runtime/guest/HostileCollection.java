package ai.realm.runtime.guest;

import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** All hostile modules, and the limits that the tenant who has them is under. */
final class HostileCollection {
    private HostileCollection() {
    }

    static List<Attack> all() {
        return Stream.of(HostileTime.loops(), HostileTime.stacks(), HostileMemory.memories(), HostileMemory.tables(),
                HostileMemory.allocators(), HostileShape.signatures(), HostileShape.imports(), HostileShape.instructions(),
                HostileShape.bombs(), HostileShape.malformed(), HostileAnswers.answers(), HostileAnswers.emits(),
                HostileAnswers.options(), HostileAnswers.tenants(), HostileAnswers.pointers()).flatMap(List::stream).toList();
    }

    /** Small limits, so that an attack is over soon; the deadline is only for those that wait. */
    static GuestLimits limits(Attack attack) {
        LimitsBuilder b = new LimitsBuilder();
        // What runs into another limit must get there, also where its code is still interpreted and others use the machine.
        b.cpuTime = attack.surface().equals("endless") ? Duration.ofMillis(100) : Duration.ofSeconds(5);
        b.deadline = attack.hangs() ? Duration.ofMillis(200) : Duration.ofSeconds(30);
        b.outputBytes = 65_536;
        b.compileTime = Duration.ofSeconds(30);
        return b.build();
    }
}
