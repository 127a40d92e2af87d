package dev.moitessier.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.memory.MemoryStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits of N1 and E6, at and just beyond each. */
class CapabilitiesTest {
    private static final Party ADA = new Party("ada", "");
    private static final Payload BODY = Payload.wrap(new byte[] {1});

    private final Capabilities limits = new MemoryStore().capabilities();

    @ParameterizedTest
    @ValueSource(strings = {"a/b", "__x__", " a ", "\u00e9", "e\u0301", "\ud83d\ude00", "12/foo", "A", "\u0001"})
    void takesAnyNameAsItIs(String scope) {
        limits.checkScope(scope);
    }

    @Test
    void measuresNamesInBytesOfUtf8() {
        limits.checkScope("a".repeat(400));
        limits.checkScope("\u20ac".repeat(133));
        limits.checkScope("\ud83d\ude00".repeat(100));
        assertRejected(() -> limits.checkScope("a".repeat(401)), "401 bytes", "1 to 400");
        assertRejected(() -> limits.checkScope("\u20ac".repeat(134)), "402 bytes", "1 to 400");
        assertRejected(() -> limits.checkScope("\ud83d\ude00".repeat(101)), "404 bytes", "1 to 400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\ud83d", "a\ude00", "\ude00\ud83d", "\ud83d\ud83d\ude00"})
    void refusesUnpairedSurrogates(String scope) {
        assertRejected(() -> limits.checkScope(scope), "unpaired surrogate");
    }

    @Test
    void refusesBlankAndEmptyScopesAndZeros() {
        assertRejected(() -> limits.checkScope(""), "0 bytes", "1 to 400");
        assertRejected(() -> limits.checkScope(" \t\u2003"), "blank");
        assertRejected(() -> limits.checkScope("a\u0000b"), "U+0000 at index 1");
    }

    @Test
    void agreesWithTheJdkOnTheLengthOfAnyText() {
        long seed = Long.getLong("moitessier.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            String text = random.ints(random.nextInt(40), 1, Character.MAX_CODE_POINT + 1)
                    .filter(point -> point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            assertThat(Names.utf8(text))
                    .as("%s, replay with -Dmoitessier.seed=%d", text, seed)
                    .isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
        }
    }

    @Test
    void checksAllPartsOfAnAppend() {
        limits.check(append(content(ADA, null, Map.of(), Map.of())));
        limits.check(append(content(new Party("a".repeat(200), "c".repeat(200)), null, Map.of(), Map.of())));
        assertRejected(
                () -> limits.check(append(content(new Party("", ""), null, Map.of(), Map.of()))),
                "person of 0 bytes",
                "1 to 200");
        assertRejected(
                () -> limits.check(append(content(new Party("ada", "c".repeat(201)), null, Map.of(), Map.of()))),
                "client of 201 bytes",
                "0 to 200");
        assertRejected(
                () -> limits.check(append(content(ADA, new Address("a".repeat(201), null), Map.of(), Map.of()))),
                "person of 201 bytes");
        assertRejected(
                () -> limits.check(append(content(ADA, new Address("ada", "c".repeat(201)), Map.of(), Map.of()))),
                "client of 201 bytes");
        assertRejected(
                () -> limits.check(append(content(ADA, null, Map.of(new Party("a".repeat(201), ""), BODY), Map.of()))),
                "person of 201 bytes");
        assertRejected(
                () -> limits.check(append(content(ADA, null, Map.of(), Map.of("name", "\ud83d")))),
                "unpaired surrogate");
    }

    @Test
    void checksSizesOneByOneAndInAll() {
        Payload largest = Payload.wrap(new byte[limits.maxBody()]);
        Payload tooLarge = Payload.wrap(new byte[limits.maxBody() + 1]);
        limits.check(new Content(ADA, null, largest, true, Map.of(), Map.of()));
        assertRejected(
                () -> limits.check(new Content(ADA, null, tooLarge, true, Map.of(), Map.of())),
                "body of 262145 bytes",
                "262144");
        assertRejected(
                () -> limits.check(content(ADA, null, Map.of(ADA, tooLarge), Map.of())),
                "text of 262145 bytes",
                "262144");

        Map<Party, Payload> sixteen = texts(16, largest);
        limits.check(new Content(ADA, null, null, true, sixteen, Map.of()));
        assertRejected(
                () -> limits.check(new Content(ADA, null, null, true, sixteen, Map.of("a", "b"))),
                "4194306 bytes in all",
                "4194304");

        limits.check(new Content(ADA, null, BODY, true, texts(1_000, BODY), Map.of()));
        assertRejected(
                () -> limits.check(new Content(ADA, null, BODY, true, texts(1_001, BODY), Map.of())),
                "1001 texts",
                "1000");
    }

    @Test
    void checksHowLongAnIdIsRemembered() {
        assertRejected(
                () -> limits.check(new Append(
                        UUID.randomUUID(),
                        "room",
                        content(ADA, null, Map.of(), Map.of()),
                        OptionalLong.empty(),
                        limits.maxRemember().plusNanos(1))),
                limits.maxRemember().toString());
    }

    @Test
    void checksAllPartsOfARegistration() {
        limits.check(registration("s".repeat(64), new byte[limits.maxMetadata()], null));
        assertRejected(() -> limits.check(registration("", new byte[0], null)), "0 characters", "1 to 64");
        assertRejected(() -> limits.check(registration("s".repeat(65), new byte[0], null)), "65 characters", "1 to 64");
        assertRejected(() -> limits.check(registration("s\u00e9", new byte[0], null)), "U+00E9", "ASCII");
        assertRejected(
                () -> limits.check(registration("s", new byte[limits.maxMetadata() + 1], null)),
                "metadata of 16385 bytes",
                "16384");
        Content farewell = content(new Party("", ""), null, Map.of(), Map.of());
        assertRejected(() -> limits.check(registration("s", new byte[0], farewell)), "person of 0 bytes");
    }

    private static void assertRejected(Runnable check, String... says) {
        assertThatThrownBy(check::run)
                .isInstanceOf(StoreException.Rejected.class)
                .hasMessageContainingAll(says);
    }

    private static Map<Party, Payload> texts(int count, Payload text) {
        Map<Party, Payload> texts = new HashMap<>();
        for (int i = 0; i < count; i++) {
            texts.put(new Party("person " + i, ""), text);
        }
        return texts;
    }

    private static Content content(Party sender, Address to, Map<Party, Payload> texts, Map<String, String> headers) {
        return new Content(sender, to, BODY, true, texts, headers);
    }

    private static Append append(Content content) {
        return new Append(UUID.randomUUID(), "room", content, OptionalLong.empty(), Duration.ZERO);
    }

    private static Registration registration(String subscriber, byte[] metadata, Content farewell) {
        return new Registration(
                UUID.randomUUID(),
                new ListenerRef("room", ListenerType.SHARED, null),
                subscriber,
                UUID.randomUUID(),
                null,
                Payload.wrap(metadata),
                farewell);
    }
}
