package dev.moitessier.prscd;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * Files that are served as they are: {@code presence.js}, and those of a folder of the class path. All of them are read once,
 * at the start. So a request is a look-up in a map, and there is no path that leads anywhere else.
 */
final class Pages {
    private static final String CLIENT = "presence.js";
    private static final String CLIENT_TYPES = "presence.d.ts";
    private static final String INDEX = "index.html";
    private static final long MOST_BYTES = 16L << 20;

    private static final Map<String, String> CONTENT_TYPES = Map.ofEntries(
            Map.entry("css", "text/css; charset=utf-8"),
            Map.entry("html", "text/html; charset=utf-8"),
            Map.entry("ico", "image/x-icon"),
            Map.entry("js", "text/javascript; charset=utf-8"),
            Map.entry("json", "application/json"),
            Map.entry("png", "image/png"),
            Map.entry("svg", "image/svg+xml"),
            Map.entry("ts", "text/plain; charset=utf-8"),
            Map.entry("txt", "text/plain; charset=utf-8"),
            Map.entry("webp", "image/webp"),
            Map.entry("woff2", "font/woff2"));

    /** A page gets everything from here and connects to here; nobody frames it. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private final Map<String, Page> pages = new HashMap<>();
    private long bytes;

    private record Page(byte[] content, String contentType, Map<String, String> headers) {}

    /**
     * The client, and the files of this folder, if any.
     *
     * @throws IllegalArgumentException if there is no such folder, if nobody knows how to serve a file in it, or above 16 MiB
     */
    Pages(@Nullable String folder) {
        this(folder, loader());
    }

    Pages(@Nullable String folder, ClassLoader loader) {
        try {
            // Pages from elsewhere import it, too.
            Map<String, String> everywhere =
                    Map.of("access-control-allow-origin", "*", "cross-origin-resource-policy", "cross-origin");
            for (String name : new String[] {CLIENT, CLIENT_TYPES}) {
                try (InputStream in = Pages.class.getResourceAsStream(name)) {
                    if (in == null) {
                        throw new IllegalStateException(name + " is missing in the jar of prscd");
                    }
                    add("/" + name, in.readAllBytes(), everywhere);
                }
            }
            if (folder != null) {
                addFolder(folder, loader);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The application's, where it has one of its own. */
    private static ClassLoader loader() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        return context == null ? Pages.class.getClassLoader() : context;
    }

    private void addFolder(String folder, ClassLoader loader) throws IOException {
        URL url = loader.getResource(folder);
        if (url == null) {
            throw new IllegalArgumentException("there is no folder " + folder + " on the class path");
        }
        if (url.getProtocol().equals("file")) {
            addFiles(Path.of(uri(url)));
        } else if (url.openConnection() instanceof JarURLConnection jar) {
            addEntries(jar);
        } else {
            throw new IllegalArgumentException("pages are served from a folder or a jar, not from " + url);
        }
        Page index = pages.get("/" + INDEX);
        if (index != null) {
            pages.put("/", index);
        }
    }

    private static URI uri(URL url) {
        try {
            return url.toURI();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no place for pages: " + url, e);
        }
    }

    private void addFiles(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file)
                        .toString()
                        .replace(root.getFileSystem().getSeparator(), "/");
                add("/" + name, Files.readAllBytes(file), Map.of());
            }
        }
    }

    private void addEntries(JarURLConnection connection) throws IOException {
        // Not the cached one: closing that would close it for others.
        connection.setUseCaches(false);
        String prefix = connection.getEntryName().replaceAll("/+$", "") + "/";
        try (JarFile jar = connection.getJarFile()) {
            for (JarEntry entry : jar.stream()
                    .filter(each -> !each.isDirectory() && each.getName().startsWith(prefix))
                    .toList()) {
                try (InputStream in = jar.getInputStream(entry)) {
                    add("/" + entry.getName().substring(prefix.length()), in.readAllBytes(), Map.of());
                }
            }
        }
    }

    private void add(String path, byte[] content, Map<String, String> more) {
        String contentType = CONTENT_TYPES.get(path.substring(path.lastIndexOf('.') + 1));
        if (contentType == null) {
            throw new IllegalArgumentException("nobody knows the content type of " + path + "; known are the endings "
                    + String.join(", ", CONTENT_TYPES.keySet().stream().sorted().toList()));
        }
        bytes += content.length;
        if (bytes > MOST_BYTES) {
            throw new IllegalArgumentException("pages are held in memory, " + MOST_BYTES + " bytes at most");
        }
        Map<String, String> headers = new HashMap<>(more);
        headers.put("etag", etag(content));
        headers.put("cache-control", "no-cache");
        headers.put("x-content-type-options", "nosniff");
        if (contentType.startsWith("text/html")) {
            headers.put("content-security-policy", POLICY);
            headers.put("referrer-policy", "no-referrer");
        }
        pages.put(path, new Page(content, contentType, Map.copyOf(headers)));
    }

    private static String etag(byte[] content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
            return '"' + HexFormat.of().formatHex(hash, 0, 12) + '"';
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Null if there is nothing of this path; 304 if the browser has it already. */
    Routes.@Nullable Answer answer(String path, @Nullable String ifNoneMatch) {
        Page page = pages.get(path);
        if (page == null) {
            return null;
        }
        boolean known = ifNoneMatch != null && ifNoneMatch.contains(String.valueOf(page.headers.get("etag")));
        return known
                ? new Routes.Answer(304, page.contentType, new byte[0], page.headers)
                : new Routes.Answer(200, page.contentType, page.content, page.headers);
    }
}
