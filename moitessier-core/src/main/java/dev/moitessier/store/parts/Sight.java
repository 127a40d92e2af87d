package dev.moitessier.store.parts;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What some readers of a scope may see of an entry (A3, R2). What it knows of them is found out when first needed, so it is not
 * thread-safe.
 */
public final class Sight {
    private final Set<ListenerRef> readers;
    private @Nullable Boolean anyBody;
    private @Nullable Set<Party> handlers;
    private @Nullable Map<String, List<ListenerRef>> byPerson;

    /** For mailboxes of one scope. */
    public Sight(Set<ListenerRef> readers) {
        this.readers = readers;
    }

    /** Whether one of them gets something of it. */
    public boolean sees(Content content) {
        if (content.to() != null) {
            return seesNamed(content, content.to());
        }
        if (content.body() != null && anyBody()) {
            return true;
        }
        return (content.body() != null
                        && content.bodyToHandlers()
                        && !handlers().isEmpty())
                || content.texts().keySet().stream().anyMatch(handlers()::contains);
    }

    /** The entry with the texts of these readers alone. */
    public Entry shown(Entry entry) {
        Content content = entry.content();
        if (content.texts().isEmpty()) {
            return entry;
        }
        Map<Party, Payload> texts = new HashMap<>();
        content.texts().forEach((owner, text) -> {
            if (handlers().contains(owner)) {
                texts.put(owner, text);
            }
        });
        Content shown = new Content(
                content.sender(), content.to(), content.body(), content.bodyToHandlers(), texts, content.headers());
        return new Entry(entry.position(), entry.at(), entry.dispatch(), shown);
    }

    private boolean seesNamed(Content content, Address to) {
        for (ListenerRef reader : byPerson().getOrDefault(to.person(), List.of())) {
            Party owner = reader.owner();
            if (owner != null && to.matches(owner) && gets(reader.type(), owner, content)) {
                return true;
            }
        }
        return false;
    }

    private static boolean gets(ListenerType type, Party owner, Content content) {
        return switch (type) {
            case SHARED -> false;
            case PRIVATE -> content.body() != null;
            case HANDLER -> content.texts().containsKey(owner) || (content.body() != null && content.bodyToHandlers());
        };
    }

    private boolean anyBody() {
        if (anyBody == null) {
            anyBody = readers.stream().anyMatch(reader -> reader.type() != ListenerType.HANDLER);
        }
        return anyBody;
    }

    private Set<Party> handlers() {
        if (handlers == null) {
            handlers = new HashSet<>();
            for (ListenerRef reader : readers) {
                if (reader.type() == ListenerType.HANDLER && reader.owner() != null) {
                    handlers.add(reader.owner());
                }
            }
        }
        return handlers;
    }

    private Map<String, List<ListenerRef>> byPerson() {
        if (byPerson == null) {
            byPerson = new HashMap<>();
            for (ListenerRef reader : readers) {
                if (reader.owner() != null) {
                    byPerson.computeIfAbsent(reader.owner().person(), person -> new ArrayList<>())
                            .add(reader);
                }
            }
        }
        return byPerson;
    }
}
