package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** N1, E6 and what {@link Dispatch} says about headers: each limit just kept, just passed, and named. */
class LimitsTest {
    private static final Dispatch DISPATCH = Dispatch.from(Person.of("bob"));

    /** What is named, how it is given, its limit in bytes, and whether it may be blank. */
    static Stream<Arguments> names() {
        return Stream.of(
                named("scope", 400, false, scope -> DISPATCH.to(scope)),
                named("scope", 400, false, scope -> DISPATCH.to("fine", scope)),
                named("scope", 400, false, scope -> Dispatch.of(Person.of("bob"), scope, "text", null)),
                named("prefix", 400, true, prefix -> DISPATCH.toScopesUnder(prefix)),
                named("person", 200, false, Person::of),
                named("client", 200, false, client -> Person.of("ada", client)),
                named("durable name", 200, false, Texts::subscriberName));
    }

    private static Arguments named(String what, int most, boolean mayBeBlank, Consumer<String> given) {
        return Arguments.of(what, most, mayBeBlank, given);
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNameHasALengthInBytesOfUtf8(String what, int most, boolean mayBeBlank, Consumer<String> given) {
        for (String unit : List.of("a", "é", "€", "😀")) {
            int bytes = unit.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            String longest = unit.repeat(most / bytes) + "a".repeat(most % bytes);
            given.accept(longest);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> given.accept(longest + "a"))
                    .withMessageContaining(what)
                    .withMessageContaining("at most " + most + " bytes")
                    .withMessageContaining("has " + (most + 1))
                    .satisfies(
                            failure -> assertThat(failure.getMessage().length()).isLessThan(200));
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNameIsNotBlankAndIsUnicodeWithoutNul(String what, int most, boolean mayBeBlank, Consumer<String> given) {
        given.accept("ordinary / name ✓ 😀");
        for (String blank : List.of(" ", "\t\n", "\u2003")) {
            if (mayBeBlank) {
                given.accept(blank);
            } else {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> given.accept(blank))
                        .withMessageContaining(what)
                        .withMessageContaining("blank");
            }
        }
        for (String broken : List.of("a\ud83d", "\ud83da", "\ude00a", "a\ud83d\ud83d\ude00")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> given.accept(broken))
                    .withMessageContaining("unpaired surrogate at index");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> given.accept("a\0b"))
                .withMessageContaining("U+0000")
                .withMessageContaining("index 1");
        assertThatNullPointerException().isThrownBy(() -> given.accept(null));
    }

    @Test
    void aPersonWithoutClientIsThePersonAsSuch() {
        assertThat(Person.of("ada").client()).isEmpty();
        assertThat(Person.of("ada")).isEqualTo(Person.of("ada", ""));
        assertThatIllegalArgumentException().isThrownBy(() -> Person.of(""));
    }

    @Test
    void aTextIsUnicodeAndMayHoldNul() {
        assertThat(DISPATCH.text("a\0b").bytes()).containsExactly('a', 0, 'b');
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DISPATCH.text("\ud800"))
                .withMessageContaining("unpaired surrogate at index 0");
    }

    @Test
    void headersAreFewAndShort() {
        Dispatch sixteen = DISPATCH;
        for (int i = 0; i < 16; i++) {
            sixteen = sixteen.header("h" + i, "x");
        }
        Dispatch full = sixteen;
        assertThat(full.header("h3", "again").headers()).hasSize(16).containsEntry("h3", "again");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> full.header("h16", "x"))
                .withMessageContaining("at most 16");
        assertThat(DISPATCH.header("h", "x".repeat(4095)).headers()).hasSize(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DISPATCH.header("h", "x".repeat(4096)))
                .withMessageContaining("4096")
                .withMessageContaining("4097");
        for (String wrong : List.of("a\0", "\ud800")) {
            assertThatIllegalArgumentException().isThrownBy(() -> DISPATCH.header("h", wrong));
            assertThatIllegalArgumentException().isThrownBy(() -> DISPATCH.header(wrong, "x"));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> DISPATCH.header(" ", "x"));
        assertThat(DISPATCH.header("empty", "").headers()).containsEntry("empty", "");
    }

    @Test
    void bytesAreCopiedBothWaysAndTextIsTheirUtf8() {
        byte[] given = {'a', (byte) 0xff};
        Dispatch dispatch = DISPATCH.bytes(given);
        given[0] = 'z';
        dispatch.bytes()[0] = 'y';
        assertThat(dispatch.bytes()).containsExactly('a', 0xff);
        assertThat(dispatch.text()).isEqualTo("a\ufffd");
        assertThat(DISPATCH.text("é").bytes()).containsExactly(0xc3, 0xa9);
        assertThat(DISPATCH.text()).isEmpty();
        assertThat(DISPATCH.bytes()).isEmpty();
        assertThat(DISPATCH.text("  ").text()).isEqualTo("  ");
    }

    @Test
    void everyMethodLeavesTheTemplateAsItWas() {
        Dispatch template = DISPATCH.to("a").text("x");
        template.to("b").text("y").header("k", "v").id(Dispatch.idOf("z"));
        assertThat(template.text()).isEqualTo("x");
        assertThat(template.headers()).isEmpty();
        assertThat(template.id()).isEmpty();
        assertThat(template).hasToString(DISPATCH.to("a").text("other").toString());
    }
}
