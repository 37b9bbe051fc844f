"""Errors of disks and object storage in the house's own classes, with the place in the message."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from include.errors import BadCredentials, InvalidRequest, RetailOpsError, VendorUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def storage_errors(place: object) -> Iterator[None]:
    """Raise what storage at `place` complains about as an error of `include.errors`.

    A full disk and an unreachable host are `VendorUnavailable`, since both pass; a refused login is
    `BadCredentials`, a missing bucket `InvalidRequest`. Errors of the house pass through.
    """
    try:
        yield
    except RetailOpsError:
        raise
    except FileNotFoundError as error:
        raise InvalidRequest(f"{place}: there is no such file, folder or bucket: {error}") from error
    except PermissionError as error:
        raise BadCredentials(f"{place}: access is refused: {error}") from error
    except OSError as error:
        if error.errno in _FULL:
            raise VendorUnavailable(f"{place}: the storage is full: {error}") from error
        raise VendorUnavailable(f"{place}: {error}") from error
    except Exception as error:
        if _is_of_a_client(error):
            raise VendorUnavailable(f"{place} does not answer as expected: {error}") from error
        raise


def _is_of_a_client(error: Exception) -> bool:
    """Whether the error comes from a storage's client library, which is not loaded for a disk."""
    return type(error).__module__.split(".")[0] in {
        "botocore",
        "aiobotocore",
        "aiohttp",
        "s3fs",
        "gcsfs",
        "adlfs",
    }
