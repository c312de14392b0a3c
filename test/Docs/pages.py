"""A lit format: one test for README.md and one for each page of docs/."""

import pathlib
import shutil

import lit.formats
import lit.Test
import lit.util


class Pages(lit.formats.TestFormat):
    def __init__(self, root, python):
        self.root = pathlib.Path(root)
        self.python = python

    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        pages = [self.root / "README.md", *sorted(self.root.glob("docs/*.md"))]
        for page in filter(pathlib.Path.exists, pages):
            yield lit.Test.Test(
                suite, path_in_suite + (page.stem,), local_config, file_path=str(page)
            )

    def execute(self, test, lit_config):
        folder = test.getExecPath()
        shutil.rmtree(folder, ignore_errors=True)
        check = self.root / "test" / "Docs" / "check_page.py"
        command = [self.python, str(check), test.file_path, "--folder", folder]
        try:
            out, err, code = lit.util.executeCommand(
                command,
                env=test.config.environment,
                timeout=lit_config.maxIndividualTestTime,
            )
        except lit.util.ExecuteCommandTimeoutException as error:
            return lit.Test.TIMEOUT, error.out
        return (lit.Test.FAIL if code else lit.Test.PASS), out + err
