package dev.moitessier.store.postgres;

import java.util.LinkedHashMap;
import java.util.Map;

/** Headers as a flat JSON object of strings, so that {@code headers->>'traceparent'} works in SQL. */
final class Headers {
    private Headers() {}

    static String write(Map<String, String> headers) {
        StringBuilder json = new StringBuilder("{");
        headers.forEach((name, value) -> {
            json.append(json.length() == 1 ? "" : ",");
            string(json, name);
            json.append(':');
            string(json, value);
        });
        return json.append('}').toString();
    }

    private static void string(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }

    /** Reads what PostgreSQL prints of a flat object of strings. */
    static Map<String, String> read(String json) {
        return new Reader(json).object();
    }

    private static final class Reader {
        private final String json;
        private int at;

        Reader(String json) {
            this.json = json;
        }

        Map<String, String> object() {
            Map<String, String> headers = new LinkedHashMap<>();
            expect('{');
            while (next() != '}') {
                if (!headers.isEmpty()) {
                    expect(',');
                }
                String name = string();
                expect(':');
                headers.put(name, string());
            }
            return headers;
        }

        private char next() {
            while (json.charAt(at) == ' ') {
                at++;
            }
            return json.charAt(at);
        }

        private void expect(char wanted) {
            if (next() != wanted) {
                throw new IllegalStateException("headers are no flat JSON object of strings: " + json);
            }
            at++;
        }

        private String string() {
            expect('"');
            StringBuilder text = new StringBuilder();
            for (char c = json.charAt(at++); c != '"'; c = json.charAt(at++)) {
                text.append(c == '\\' ? escaped() : c);
            }
            return text.toString();
        }

        private char escaped() {
            char c = json.charAt(at++);
            return switch (c) {
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'u' -> {
                    at += 4;
                    yield (char) Integer.parseInt(json.substring(at - 4, at), 16);
                }
                default -> c;
            };
        }
    }
}
