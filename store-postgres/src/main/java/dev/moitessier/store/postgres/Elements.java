package dev.moitessier.store.postgres;

import dev.moitessier.store.Address;
import dev.moitessier.store.Append;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/** Appends as columns: what goes to the server as one array each. */
final class Elements {
    private final List<Append> appends;

    Elements(List<Append> appends) {
        this.appends = appends;
    }

    /** Whether all can do without the columns that are rarely filled. */
    boolean plain() {
        for (Append append : appends) {
            if (!plain(append.content())) {
                return false;
            }
        }
        return true;
    }

    static boolean plain(Content content) {
        return content.to() == null
                && content.texts().isEmpty()
                && content.headers().isEmpty();
    }

    /** Sets dispatch, remember, person, client, to_handlers, body; answers the next parameter. */
    int setPlain(PreparedStatement statement, PgConnection driver, int first) throws SQLException {
        int size = appends.size();
        String[] dispatches = new String[size];
        int[] remember = new int[size];
        String[] persons = new String[size];
        String[] clients = new String[size];
        boolean[] toHandlers = new boolean[size];
        byte[][] bodies = new byte[size][];
        for (int i = 0; i < size; i++) {
            Append append = appends.get(i);
            Content content = append.content();
            dispatches[i] = append.dispatch().toString();
            remember[i] = millis(append.remember());
            persons[i] = content.sender().person();
            clients[i] = content.sender().client();
            toHandlers[i] = content.bodyToHandlers();
            bodies[i] = bytes(content.body());
        }
        int at = first;
        statement.setArray(at++, driver.createArrayOf("uuid", dispatches));
        statement.setArray(at++, driver.createArrayOf("int4", remember));
        statement.setArray(at++, driver.createArrayOf("text", persons));
        statement.setArray(at++, driver.createArrayOf("text", clients));
        statement.setArray(at++, driver.createArrayOf("bool", toHandlers));
        statement.setArray(at++, driver.createArrayOf("bytea", bodies));
        return at;
    }

    /** Sets to_person, to_client, headers, text_bytes, then of all texts: element from 1, person, client, body. */
    int setRare(PreparedStatement statement, PgConnection driver, int first) throws SQLException {
        int size = appends.size();
        int texts = appends.stream()
                .mapToInt(append -> append.content().texts().size())
                .sum();
        @Nullable String[] toPersons = new String[size];
        @Nullable String[] toClients = new String[size];
        @Nullable String[] headers = new String[size];
        int[] textBytes = new int[size];
        int[] elements = new int[texts];
        String[] persons = new String[texts];
        String[] clients = new String[texts];
        byte[][] bodies = new byte[texts][];
        int next = 0;
        for (int i = 0; i < size; i++) {
            Content content = appends.get(i).content();
            Address to = content.to();
            toPersons[i] = to == null ? null : to.person();
            toClients[i] = to == null ? null : to.client();
            headers[i] = content.headers().isEmpty() ? null : Headers.write(content.headers());
            for (Map.Entry<Party, Payload> text : content.texts().entrySet()) {
                elements[next] = i + 1;
                persons[next] = text.getKey().person();
                clients[next] = text.getKey().client();
                bodies[next] = bytes(text.getValue());
                // An empty text is a text: the sum must tell that there is one.
                textBytes[i] += text.getValue().size() + 1;
                next++;
            }
        }
        int at = first;
        statement.setArray(at++, driver.createArrayOf("text", toPersons));
        statement.setArray(at++, driver.createArrayOf("text", toClients));
        statement.setArray(at++, driver.createArrayOf("text", headers));
        statement.setArray(at++, driver.createArrayOf("int4", textBytes));
        statement.setArray(at++, driver.createArrayOf("int4", elements));
        statement.setArray(at++, driver.createArrayOf("text", persons));
        statement.setArray(at++, driver.createArrayOf("text", clients));
        statement.setArray(at++, driver.createArrayOf("bytea", bodies));
        return at;
    }

    /** Of a time of at most {@code maxRemember}, which is days; not zero unless the time is. */
    static int millis(Duration remember) {
        return Math.toIntExact(remember.plusNanos(999_999).toMillis());
    }

    static byte @Nullable [] bytes(@Nullable Payload payload) {
        return payload == null ? null : payload.toBytes();
    }
}
