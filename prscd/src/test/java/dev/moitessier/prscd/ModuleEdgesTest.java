package dev.moitessier.prscd;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Who may know whom. */
final class ModuleEdgesTest {
    private static final JavaClasses PRSCD = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.moitessier.prscd");

    @Test
    @DisplayName(
            "prscd stands on core's public API, psig-core and Netty; of the stores it knows their failures, and the one in memory")
    void edges() {
        classes()
                .should()
                .onlyDependOnClassesThat(JavaClass.Predicates.resideInAnyPackage(
                                "dev.moitessier",
                                "dev.moitessier.psig",
                                "dev.moitessier.prscd..",
                                "java..",
                                "javax.net.ssl..",
                                "javax.crypto..",
                                "io.netty..",
                                "com.typesafe.config..",
                                "com.google.inject..",
                                "jakarta.inject..",
                                "io.micrometer.core..",
                                "org.jspecify..",
                                "org.slf4j..")
                        .or(HasName.Predicates.nameMatching("dev\\.moitessier\\.store\\.StoreException(\\$.*)?"))
                        .or(HasName.Predicates.name("dev.moitessier.store.memory.MemoryStore"))
                        .or(HasName.Predicates.name("dev.moitessier.store.MailboxStore")))
                .check(PRSCD);
    }

    @Test
    @DisplayName("what is optional is known to its own classes alone: QUIC, Guice, Micrometer")
    void optional() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.(WebTransport(Link)?|QuicTokens)(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.handler.codec.quic..", "io.netty.handler.codec.http3..")
                .check(PRSCD);
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.moitessier.prscd.guice")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.google.inject..", "jakarta..")
                .check(PRSCD);
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.moitessier.prscd.micrometer")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.micrometer..")
                .check(PRSCD);
    }
}
