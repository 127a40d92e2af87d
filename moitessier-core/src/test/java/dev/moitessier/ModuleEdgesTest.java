package dev.moitessier;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may know whom. Arrows run one way: stores know the SPI, core knows the SPI, the SPI knows neither. */
class ModuleEdgesTest {
    private static final JavaClasses CORE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.moitessier");

    @Test
    void theSpiKnowsNothingOfTheApi() {
        classes()
                .that()
                .resideInAPackage("dev.moitessier.store..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.moitessier.store..", "java..", "com.typesafe.config..", "org.jspecify..", "org.slf4j..")
                .check(CORE);
    }

    @Test
    void theSpiItselfKnowsNoStore() {
        noClasses()
                .that()
                .resideInAPackage("dev.moitessier.store")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.moitessier.store.*..")
                .check(CORE);
    }

    @Test
    void coreKnowsNoDriver() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.moitessier..",
                        "java..",
                        "jdk.jfr..",
                        "com.typesafe.config..",
                        "com.google.inject..",
                        "jakarta.inject..",
                        "io.micrometer.core..",
                        "org.jspecify..",
                        "org.slf4j..")
                .andShould()
                .onlyDependOnClassesThat()
                .resideOutsideOfPackages("java.sql..", "javax.sql..")
                .check(CORE);
    }

    @Test
    void guiceAndMicrometerStayInTheirPackages() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.moitessier.guice..", "dev.moitessier.micrometer..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.google..", "jakarta..", "io.micrometer..")
                .check(CORE);
    }

    @Test
    void onlyItsOwnPackageKnowsTheMemoryStore() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.moitessier.store.memory")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.moitessier.store.memory")
                .check(CORE);
    }
}
