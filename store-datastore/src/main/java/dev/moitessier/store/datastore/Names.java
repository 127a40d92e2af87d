package dev.moitessier.store.datastore;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Names as parts of keys: the bytes of UTF-8, percent-encoded save for letters, digits, dots, dashes and underlines. Nothing is
 * hashed, so a prefix of a name is a prefix of its key and the console shows what one looks for; 400 bytes become 1,200 at most, of
 * 1,500 that a key name may have. A leading dot or underline is encoded too, since names like {@code __x__} are reserved.
 */
final class Names {
    /** Sorts behind every encoded character. */
    static final String LAST = "~";

    private static final String HEX = "0123456789ABCDEF";

    private Names() {}

    static String encode(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        StringBuilder encoded = new StringBuilder(bytes.length + 16);
        for (int i = 0; i < bytes.length; i++) {
            char c = (char) (bytes[i] & 0xff);
            if (isPlain(c) || (i > 0 && (c == '.' || c == '_'))) {
                encoded.append(c);
            } else {
                encoded.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
        return encoded.toString();
    }

    static String decode(String encoded) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(encoded.length());
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            if (c == '%') {
                bytes.write(Integer.parseInt(encoded, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(c);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** In hexadecimal digits the order of keys is that of the ids' bytes (L8). */
    static String hex(String ascii) {
        StringBuilder hex = new StringBuilder(2 * ascii.length());
        for (int i = 0; i < ascii.length(); i++) {
            hex.append(HEX.charAt(ascii.charAt(i) >> 4)).append(HEX.charAt(ascii.charAt(i) & 15));
        }
        return hex.toString();
    }

    static String unhex(String hex) {
        StringBuilder ascii = new StringBuilder(hex.length() / 2);
        for (int i = 0; i < hex.length(); i += 2) {
            ascii.append((char) Integer.parseInt(hex, i, i + 2, 16));
        }
        return ascii.toString();
    }

    private static boolean isPlain(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    }
}
