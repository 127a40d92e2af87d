package dev.moitessier.prscd;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** What {@code GET /v1/info} tells a page about the server that it came from; nothing unless the application wants it to. */
final class Info {
    private final Map<String, String> told;
    private final @Nullable TlsKeys selfMade;
    private volatile boolean webTransport;

    /** {@code selfMade}: keys whose certificate a browser has to be told. */
    Info(Map<String, String> told, @Nullable TlsKeys selfMade) {
        this.told = new LinkedHashMap<>(told);
        this.selfMade = selfMade;
    }

    void serves(boolean webTransport) {
        this.webTransport = webTransport;
    }

    Optional<String> json() {
        if (told.isEmpty()) {
            return Optional.empty();
        }
        var json = new StringJoiner(",", "{", "}");
        json.add("\"version\":" + Json.text(version()));
        json.add("\"webTransport\":" + webTransport);
        TlsKeys present = selfMade;
        if (present != null) {
            json.add("\"certificateHash\":" + Json.text(present.present().certificateHash()));
        }
        told.forEach((name, value) -> json.add(Json.text(name) + ":" + Json.text(value)));
        return Optional.of(json.toString());
    }

    private static String version() {
        String version = Info.class.getPackage().getImplementationVersion();
        return version == null ? "from source" : version;
    }
}
