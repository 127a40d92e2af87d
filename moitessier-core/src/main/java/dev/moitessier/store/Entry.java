package dev.moitessier.store;

import java.time.Instant;
import java.util.UUID;

/** One dispatch as stored; {@code content.texts} holds only those of the readers asked for. */
public record Entry(long position, Instant at, UUID dispatch, Content content) {}
