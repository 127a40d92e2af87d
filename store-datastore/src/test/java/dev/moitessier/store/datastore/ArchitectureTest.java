package dev.moitessier.store.datastore;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {
    private static final JavaClasses STORE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.moitessier.store.datastore");

    @Test
    void theClocksAreAskedInOnePlace() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Clocks")
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .check(STORE);
    }

    @Test
    void theStoreKnowsTheSpiAndNothingElseOfCore() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.moitessier.store",
                        "dev.moitessier.store.parts",
                        "dev.moitessier.store.datastore",
                        "java..",
                        "com.google.cloud..",
                        "com.google.datastore.v1",
                        "com.google.rpc",
                        "com.google.api.gax.retrying",
                        "com.typesafe.config",
                        "org.slf4j",
                        "org.jspecify..")
                .check(STORE);
    }

    @Test
    void onlyWhatIsMeantToBeUsedIsPublic() {
        Set<String> meant = Set.of("DatastoreStore", "Builder", "DatastoreProvider", "HintTransport");
        noClasses()
                .that(new DescribedPredicate<JavaClass>("are not meant to be used") {
                    @Override
                    public boolean test(JavaClass type) {
                        return !meant.contains(type.getSimpleName());
                    }
                })
                .should()
                .bePublic()
                .check(STORE);
    }
}
