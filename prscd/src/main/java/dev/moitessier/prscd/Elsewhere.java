package dev.moitessier.prscd;

/** Told what the clients of this node do, for those who do not read its log. On the node's loop. */
interface Elsewhere {
    /** Nobody wants to know. */
    Elsewhere NOBODY = new Elsewhere() {
        @Override
        public void joined(String channel, String sid, String clientId) {
            // Nobody.
        }

        @Override
        public void state(String channel, String sid, byte[] state) {
            // Nobody.
        }

        @Override
        public void data(String channel, String sid, String clientId, byte[] payload) {
            // Nobody.
        }

        @Override
        public void left(String channel, String sid) {
            // Nobody.
        }

        @Override
        public void broadcast(String channel, String from, byte[] payload) {
            // Nobody.
        }

        @Override
        public void end() {
            // Nobody.
        }
    };

    void joined(String channel, String sid, String clientId);

    /** The state that others are shown, with the client's own id; perhaps the same as before. */
    void state(String channel, String sid, byte[] state);

    void data(String channel, String sid, String clientId, byte[] payload);

    void left(String channel, String sid);

    /** A function or the application says something to a channel. */
    void broadcast(String channel, String from, byte[] payload);

    /** This node serves nobody any more. */
    void end();
}
