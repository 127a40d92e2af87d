package dev.moitessier.psig;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ModuleEdgesTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.moitessier.psig");

    @Test
    void knowsMsgpackCoreAndJspecifyAndNothingElse() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.moitessier.psig", "java..", "org.msgpack.core..", "org.jspecify..")
                .check(MAIN);
    }

    /** Its buffers read no direct memory on 17 and newer, and print a warning on 25. */
    @Test
    void touchesNothingOfMsgpackCoreThatNeedsUnsafe() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.msgpack.core.buffer..")
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("org\\.msgpack\\.core\\.Message(Unp|P|BufferP)acker")
                .check(MAIN);
    }
}
