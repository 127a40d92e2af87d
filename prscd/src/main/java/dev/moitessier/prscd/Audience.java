package dev.moitessier.prscd;

import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The local members of a channel, and the one place that tells them who is there: every presence frame is the difference
 * between what was shown of a client and what the roster says now. So each shown interval has one end. On the loop.
 */
final class Audience {
    private static final long REFRESH = Nanos.millis(100);
    private static final int REFRESH_MOST = 1_000;
    /** A round takes a second; in rooms above 40 longer, since nobody is told more at once. */
    private static final int REFRESH_AT_ONCE = 4;

    private static final int REFRESHES_A_ROUND = 10;
    /** After so many rounds without a change they are ten times as slow. */
    private static final int REFRESH_ROUNDS = 5;

    private final String channel;
    private final String mesh;
    private final Loop loop;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final Map<String, Shown> shown = new LinkedHashMap<>();
    private int overDatagrams;
    private boolean refreshing;
    private List<String> refreshRound = new ArrayList<>();
    private int refreshed;

    private static final class Shown {
        final byte[] state;

        @Nullable
        Frame frame;

        Shown(byte[] state) {
            this.state = state;
        }
    }

    Audience(String channel, String mesh, Loop loop) {
        this.channel = channel;
        this.mesh = mesh;
        this.loop = loop;
    }

    Collection<Member> members() {
        return members.values();
    }

    @Nullable
    Member member(String sid) {
        return members.get(sid);
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    void add(Member member) {
        members.put(member.sid, member);
        if (member.overDatagrams()) {
            overDatagrams++;
            refreshSoon();
        }
    }

    void remove(Member member) {
        if (members.remove(member.sid, member)) {
            member.leave();
            overDatagrams -= member.overDatagrams() ? 1 : 0;
        }
    }

    Set<String> shown() {
        return shown.keySet();
    }

    Map<String, byte[]> states() {
        Map<String, byte[]> states = new LinkedHashMap<>();
        shown.forEach((clientId, each) -> states.put(clientId, each.state.clone()));
        return states;
    }

    boolean shows(String clientId) {
        return shown.containsKey(clientId);
    }

    /** What the roster says of a client now; null: it is not there. */
    void show(String clientId, byte @Nullable [] state) {
        Shown before = shown.get(clientId);
        if (state == null) {
            if (before != null) {
                shown.remove(clientId);
                tell(clientId, offline(clientId), true, true);
            }
        } else if (before == null || !Arrays.equals(before.state, state)) {
            Shown now = new Shown(state);
            shown.put(clientId, now);
            tell(clientId, frame(clientId, now), before != null, false);
        }
    }

    private void tell(String clientId, Frame frame, boolean known, boolean offline) {
        refreshed = 0;
        for (Member member : List.copyOf(members.values())) {
            member.tell(clientId, frame, known, offline);
        }
    }

    /** To everybody who has been acknowledged, except the connection that said it. */
    void deliver(Datum datum) {
        if (members.isEmpty()) {
            return;
        }
        Frame frame = Frame.of(Signalling.of(Psig.SIG_DATA, "", channel)
                .withPayload(datum.payload())
                .withCid(datum.cid())
                .withMeshId(mesh));
        for (Member member : List.copyOf(members.values())) {
            if (member.isAcknowledged() && !member.sid.equals(datum.sid())) {
                member.send(frame);
            }
        }
    }

    Frame acknowledgement() {
        return Frame.of(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withMeshId(mesh));
    }

    Frame offline(String clientId) {
        return Frame.of(Signalling.control(Psig.OP_PEER_OFFLINE, channel)
                .withCid(clientId)
                .withMeshId(mesh));
    }

    /** The frame that shows a client; null if it is not shown. */
    @Nullable
    Frame stateOf(String clientId) {
        Shown each = shown.get(clientId);
        return each == null ? null : frame(clientId, each);
    }

    private Frame frame(String clientId, Shown each) {
        Frame frame = each.frame;
        if (frame == null) {
            frame = Frame.of(Signalling.control(Psig.OP_STATE, channel)
                    .withPayload(each.state)
                    .withCid(clientId)
                    .withMeshId(mesh));
            each.frame = frame;
        }
        return frame;
    }

    /** Datagrams get lost: one entry after the other is said again to those who listen over them. */
    private void refreshSoon() {
        if (!refreshing && overDatagrams > 0) {
            refreshing = true;
            loop.after(refreshed < REFRESH_ROUNDS * shown.size() ? REFRESH : 10 * REFRESH, this::refresh);
        }
    }

    private void refresh() {
        refreshing = false;
        if (refreshRound.isEmpty() && shown.size() <= REFRESH_MOST) {
            refreshRound = new ArrayList<>(shown.keySet());
        }
        int most = Math.min(REFRESH_AT_ONCE, 1 + (shown.size() - 1) / REFRESHES_A_ROUND);
        for (int said = 0; said < most && !refreshRound.isEmpty(); ) {
            String clientId = refreshRound.remove(refreshRound.size() - 1);
            Frame frame = stateOf(clientId);
            if (frame != null) {
                said++;
                refreshed++;
                sayAgain(clientId, frame);
            }
        }
        refreshSoon();
    }

    private void sayAgain(String clientId, Frame frame) {
        for (Member member : List.copyOf(members.values())) {
            if (member.overDatagrams()
                    && member.isTold()
                    && !member.clientId().equals(clientId)
                    && member.peer.connection().isWritable()) {
                member.send(frame);
            }
        }
    }
}
