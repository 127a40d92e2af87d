package dev.moitessier.prscd;

/**
 * Why a WebSocket is closed (RFC 6455 §7.4.1). The Presencejs client comes back after 10 s on 1001 to 3999 and never on 1000
 * or on 4000 and above; so nothing here is outside of that range.
 */
final class CloseCode {
    static final int GOING_AWAY = 1001;
    static final int PROTOCOL_ERROR = 1002;
    static final int UNSUPPORTED_DATA = 1003;
    static final int TOO_BIG = 1009;
    static final int INTERNAL_ERROR = 1011;
    static final int SERVICE_RESTART = 1012;
    static final int TRY_AGAIN_LATER = 1013;

    private CloseCode() {}
}
