package dev.moitessier.yomo;

/** Where a zipper listens. */
record ZipperAddress(String host, int port) {
    private static final int DEFAULT_PORT = 9000;

    /**
     * {@code host}, {@code host:port}, {@code :port}, {@code [::1]:port}: as in Go, without a host it is localhost, without
     * a port 9000.
     *
     * @throws IllegalArgumentException that quotes the text if it is none
     */
    static ZipperAddress parse(String text) {
        String host = text;
        String port = "";
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            if (end < 0 || (end + 1 < text.length() && text.charAt(end + 1) != ':')) {
                throw invalid(text);
            }
            host = text.substring(1, end);
            port = text.substring(Math.min(end + 2, text.length()));
        } else if (text.indexOf(':') >= 0) {
            host = text.substring(0, text.indexOf(':'));
            port = text.substring(text.indexOf(':') + 1);
        }
        if (text.isBlank() || !host.strip().equals(host)) {
            throw invalid(text);
        }
        int number;
        try {
            number = port.isEmpty() ? DEFAULT_PORT : Integer.parseInt(port);
        } catch (NumberFormatException noNumber) {
            throw invalid(text);
        }
        if (number < 1 || number > 0xFFFF) {
            throw invalid(text);
        }
        return new ZipperAddress(host.isEmpty() ? "localhost" : host, number);
    }

    private static IllegalArgumentException invalid(String text) {
        return new IllegalArgumentException("a zipper's address is host:port, not \"" + text + "\"");
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
