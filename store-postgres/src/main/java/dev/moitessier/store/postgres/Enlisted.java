package dev.moitessier.store.postgres;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Members;
import dev.moitessier.store.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Appends within a caller's transaction: rows that wait until it commits, and no lock of a scope (T1). Nothing of the transaction is
 * touched, and nothing is tried again (T4).
 */
final class Enlisted implements Appender {
    private final Connection connection;
    private final Capabilities capabilities;
    private final Pending pending;
    private final Mailboxes mailboxes;
    private final Promoter promoter;
    private final Supplier<Boolean> closed;

    Enlisted(Connection connection, Capabilities capabilities, Pending pending, Mailboxes mailboxes, Promoter promoter,
            Supplier<Boolean> closed) {
        this.connection = connection;
        this.capabilities = capabilities;
        this.pending = pending;
        this.mailboxes = mailboxes;
        this.promoter = promoter;
        this.closed = closed;
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        List<Appended> answers = new ArrayList<>(batch.size());
        StoreException broken = null;
        for (Append append : batch) {
            try {
                if (broken != null) {
                    throw broken;
                }
                check();
                capabilities.check(append);
                if (append.ifMembers().isPresent()) {
                    throw new StoreException.Rejected("an enlisted append must have no ifMembers: it is settled after the commit");
                }
                promoter.enlisted(pending.write(connection, append), append.scope());
                answers.add(new Appended.Enlisted());
            } catch (StoreException.Rejected refused) {
                answers.add(new Appended.Failed(refused));
            } catch (StoreException failure) {
                answers.add(new Appended.Failed(failure));
            } catch (SQLException failure) {
                // The server has given up the transaction: the caller rolls back and does it all again.
                broken = Failures.of(failure, "enlist an append", false);
                answers.add(new Appended.Failed(broken));
            }
        }
        return answers;
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        check();
        try (Handle handle = Jdbi.create(connection).open()) {
            return mailboxes.members(handle, scope, only);
        } catch (JdbiException failure) {
            if (failure.getCause() instanceof SQLException cause) {
                throw Failures.of(cause, "read members", false);
            }
            throw failure;
        }
    }

    private void check() {
        if (closed.get()) {
            throw new StoreException.Closed(false);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before anything was sent", false);
        }
    }
}
