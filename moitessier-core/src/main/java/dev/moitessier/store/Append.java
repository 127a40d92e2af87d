package dev.moitessier.store;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;

/** One dispatch to one scope; {@code ifMembers} makes it conditional (M2); its id is remembered for {@code remember} (I1). */
public record Append(UUID dispatch, String scope, Content content, OptionalLong ifMembers, Duration remember) {}
