package dev.moitessier.yomo;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** What goes wrong between this client and its zipper. Each kind says what holds afterwards. */
public abstract sealed class ZipperException extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    private ZipperException(String message, @Nullable Throwable cause) {
        super(message, cause instanceof IOException io ? io : new IOException(message, cause));
    }

    /**
     * The zipper refused the handshake: a wrong credential, another version of the protocol. Final: the client is closed and
     * does not come back by itself.
     */
    public static final class Rejected extends ZipperException {
        private static final long serialVersionUID = 1;

        Rejected(String zipper, String reason) {
            super("zipper " + zipper + " rejected the handshake: " + reason, null);
        }
    }

    /** No zipper answered in time, or TLS failed. After {@code connect()} has thrown it the client is closed. */
    public static final class Unreachable extends ZipperException {
        private static final long serialVersionUID = 1;

        Unreachable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * The zipper sent what is no frame, one that is too long, or stopped in the middle of one. The connection is given up; a
     * client that was connected before goes on with a new one.
     */
    public static final class MalformedFrame extends ZipperException {
        private static final long serialVersionUID = 1;

        MalformedFrame(String reason) {
            super("not a YoMo frame: " + reason, null);
        }
    }

    /** Nothing was written: the client is closed, or was rejected, or its queue is full and was told to say so. */
    public static final class NotWritten extends ZipperException {
        private static final long serialVersionUID = 1;

        NotWritten(String message) {
            super(message, null);
        }
    }

    /** The thread was interrupted while it waited; its flag is set again. */
    public static final class Interrupted extends ZipperException {
        private static final long serialVersionUID = 1;

        Interrupted(String message) {
            super(message, null);
        }
    }
}
