/** A store for Moitessier on a SQLite file, written from outside against its published SPI: copy it to write your own. */
@NullMarked
package com.example.sqlite;

import org.jspecify.annotations.NullMarked;
