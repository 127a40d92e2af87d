package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class NamesTest {
    @Test
    void namesSurviveTheirKeys() {
        Random random = new Random(17);
        List<String> names = new ArrayList<>(List.of(
                "room/42", "__x__", ".", "..", "_", "%2F", "a b", "\u0001", "ÄÖ", "\uD83D\uDE00", "A~B", "a,b"));
        for (int i = 0; i < 2_000; i++) {
            int[] points = random.ints(0x110000)
                    .map(point -> random.nextInt(0x110000))
                    .filter(point -> point < 0xD800 || point > 0xDFFF)
                    .limit(1 + random.nextInt(20))
                    .toArray();
            names.add(new String(points, 0, points.length));
        }
        for (String name : names) {
            String encoded = Names.encode(name);
            assertThat(Names.decode(encoded)).isEqualTo(name);
            assertThat(encoded).matches("[A-Za-z0-9%-][A-Za-z0-9._%-]*").isLessThan(Names.LAST);
        }
    }

    @Test
    void theLongestNameFitsAKey() {
        String longest = "\u00e4".repeat(200);
        assertThat(longest.getBytes(StandardCharsets.UTF_8)).hasSize(400);
        assertThat(Names.encode(longest)).hasSize(1_200);
    }

    @Test
    void aPrefixOfANameIsAPrefixOfItsKey() {
        String name = "_r\u00f6om/.42_\uD83D\uDE00x";
        for (int end = 0; end <= name.length(); end++) {
            if (end == 0 || !Character.isHighSurrogate(name.charAt(end - 1))) {
                assertThat(Names.encode(name)).startsWith(Names.encode(name.substring(0, end)));
            }
        }
    }

    @Test
    void idsInHexadecimalKeepTheirOrder() {
        List<String> ids = List.of("!", "-", "/", "0", "01", "A", "_", "a", "aa", "b", "\u007f");
        assertThat(ids.stream().map(Names::hex).toList()).isSorted();
        assertThat(ids.stream().map(Names::hex).map(Names::unhex).toList()).isEqualTo(ids);
    }
}
