package dev.moitessier.prscd;

/** How much one connection may still send: fills steadily up to a burst; may go into debt, so that nothing accepted is lost. Not thread-safe. */
final class Allowance {
    private final double perNano;
    private final double burst;
    private double left;
    private long at;

    Allowance(int perSecond, int burst, long nanos) {
        this.perNano = perSecond / 1e9;
        this.burst = burst;
        this.left = burst;
        this.at = nanos;
    }

    /** Spends one, if need be as a debt. */
    void spend(long nanos) {
        fill(nanos);
        left--;
    }

    /** How many nanoseconds the debt takes to be paid, 0 without debt. */
    long debt(long nanos) {
        fill(nanos);
        return left >= 0 ? 0 : (long) Math.ceil(-left / perNano);
    }

    /** Spends one unless that made a debt. */
    boolean trySpend(long nanos) {
        fill(nanos);
        if (left < 1) {
            return false;
        }
        left--;
        return true;
    }

    private void fill(long nanos) {
        left = Math.min(burst, left + (nanos - at) * perNano);
        at = nanos;
    }
}
