"""The PostgreSQL of the test run itself."""

import psycopg


def test_a_database_of_our_own(postgres_url: str) -> None:
    plain = postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain) as connection:
        name = connection.execute("SELECT current_database()").fetchone()
        assert (
            name is not None
            and plain.split("?")[0].endswith(f"/{name[0]}")
            and name[0] not in ("postgres", "template1")
        )
        assert connection.execute("SELECT '髙橋'").fetchone() == ("髙橋",)
        version = connection.execute("SHOW server_version_num").fetchone()
    assert version is not None
    assert int(version[0]) >= 150000
