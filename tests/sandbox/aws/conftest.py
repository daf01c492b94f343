from tests.support.aws_sandbox import emptied_fixture, server_fixture

aws_server = server_fixture()
aws = emptied_fixture()
