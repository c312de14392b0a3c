"""What the suites have in common: limits, and how sanitizers report."""

import os

# lit hands a test only the variables it knows.
PASSED_ON = ["DCONV_MATRIX_SAMPLE", "DCONV_MATRIX_SEED", "DCONV_SUITE_ORACLE"]


def setup(config, lit_config):
    """Prepares the environment of the tests and ends those that hang."""
    for name in PASSED_ON:
        if name in os.environ:
            config.environment[name] = os.environ[name]

    # Not the user's: what tests compile is nothing to keep for a week.
    config.environment["DCONV_CACHE_DIR"] = os.path.join(
        config.dconv_obj_root, "test", "cache"
    )

    # Debian's libMLIR is not instrumented, so containers that cross its border
    # look overflown and what its allocators hand out poisoned; and a finding
    # must fail the test, not only print.
    defaults = {
        "ASAN_OPTIONS": "detect_container_overflow=0:allow_user_poisoning=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1",
    }
    for name, value in defaults.items():
        config.environment.setdefault(name, value)

    if not lit_config.maxIndividualTestTime:
        supported, _ = lit_config.maxIndividualTestTimeIsSupported
        if supported:
            lit_config.maxIndividualTestTime = 600


def features(config):
    """The features that follow from the build."""
    names = {"address": "asan", "thread": "tsan"}
    return {names[s] for s in config.sanitizers if s in names}
