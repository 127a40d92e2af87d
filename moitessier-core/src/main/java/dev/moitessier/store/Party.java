package dev.moitessier.store;

/** A person (1 to 200 bytes of UTF-8) and one of its clients (0 to 200; empty: the person as such). */
public record Party(String person, String client) {}
