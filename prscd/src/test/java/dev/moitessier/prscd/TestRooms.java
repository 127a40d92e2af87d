package dev.moitessier.prscd;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A room for tests of the transports alone: remembers who came and what was said, and can speak to all. */
final class TestRooms implements Realms {
    final List<Guest> guests = new CopyOnWriteArrayList<>();
    final Map<String, Guest> byId = new ConcurrentHashMap<>();

    /** Each message goes back to its sender. */
    volatile boolean echo;

    @Override
    public Realm get(String name) {
        return new Realm(this::enter, "test-mesh", Optional.of(Authorizer.everything()));
    }

    private PeerEvents enter(String clientId, PeerConnection connection, Access access) {
        var guest = new Guest(clientId, connection);
        guests.add(guest);
        byId.put(clientId, guest);
        return guest;
    }

    Guest guest(String clientId) {
        Await.until("guest " + clientId, () -> byId.containsKey(clientId));
        return byId.get(clientId);
    }

    void broadcast(Frame frame) {
        guests.forEach(guest -> guest.connection.send(frame));
    }

    final class Guest implements PeerEvents {
        final String clientId;
        final PeerConnection connection;
        final List<byte[]> messages = new CopyOnWriteArrayList<>();
        final List<Departure> departures = new CopyOnWriteArrayList<>();
        final CompletableFuture<Departure> gone = new CompletableFuture<>();
        volatile int writable;

        Guest(String clientId, PeerConnection connection) {
            this.clientId = clientId;
            this.connection = connection;
        }

        @Override
        public void received(byte[] message) {
            messages.add(message);
            if (echo) {
                connection.send(Frames.of(message));
            }
        }

        @Override
        public void writable() {
            writable++;
        }

        @Override
        public void closed(Departure departure) {
            departures.add(departure);
            gone.complete(departure);
        }
    }
}
