package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The request target of a client: {@code /v1?publickey=…&id=…}. Presencejs puts both values into the URL as they are. So "+"
 * stays a plus (a form would mean a blank), and a "%" without two hex digits stays a percent sign: then the id here is the id
 * there. A value with "&", "#" or a valid escape in it cannot be told from an encoded one.
 */
record Target(String path, String publicKey, String clientId) {
    static Target parse(String requestTarget) {
        // The absolute form of RFC 9112 §3.2.2.
        String target = requestTarget;
        int scheme = target.indexOf("://");
        if (scheme > 0 && target.charAt(0) != '/') {
            int slash = target.indexOf('/', scheme + 3);
            target = slash < 0 ? "/" : target.substring(slash);
        }
        int question = target.indexOf('?');
        if (question < 0) {
            return new Target(target, "", "");
        }
        String publicKey = "";
        String clientId = "";
        for (String pair : target.substring(question + 1).split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            // As in Go's url.Values.Get, the first one counts.
            if (name.equals("publickey") && publicKey.isEmpty()) {
                publicKey = decoded(value);
            } else if (name.equals("id") && clientId.isEmpty()) {
                clientId = decoded(value);
            }
        }
        return new Target(target.substring(0, question), publicKey, clientId);
    }

    /** "" if the bytes are no UTF-8, which no client sends by accident. */
    private static String decoded(String value) {
        if (value.indexOf('%') < 0 && isAscii(value)) {
            return value;
        }
        ByteBuffer bytes = ByteBuffer.allocate(value.length() * 3);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            int high = c == '%' && i + 2 < value.length() ? Character.digit(value.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(value.charAt(i + 2), 16);
            if (low >= 0) {
                bytes.put((byte) (high << 4 | low));
                i += 2;
            } else if (c < 0x100) {
                // A request line is read byte by byte: raw UTF-8 arrives as Latin-1.
                bytes.put((byte) c);
            } else {
                return "";
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            return "";
        }
    }

    private static boolean isAscii(String value) {
        return value.chars().allMatch(c -> c < 0x80);
    }

    /** Keys stay out of logs. */
    @Override
    public String toString() {
        return path + "?publickey=…&id=" + clientId;
    }
}
