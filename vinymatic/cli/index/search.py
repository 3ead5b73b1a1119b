"""`vinymatic index search`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vinymatic.cli.index.look import newest_snapshot
from vinymatic.cli.options import index_command
from vinymatic.errors import ImageError
from vinymatic.index.results import Effort
from vinymatic.settings import ApiSettings

if TYPE_CHECKING:
    from vinymatic.index.query import Look
    from vinymatic.index.results import Match, SearchResult
    from vinymatic.index.snapshot import Snapshot

_READS = ("similarity_threshold", "top_n", "score_weights", "num_features", "nor_x", "nor_y", "max_pixels", "s3_bucket")


@index_command(ApiSettings, reads=_READS)
@click.argument("photos", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@click.option(
    "--max-covers", type=click.IntRange(1, 20), default=1, show_default=True, help="Most covers looked for in a photo."
)
@click.option(
    "--effort",
    type=click.Choice([effort.value for effort in Effort]),
    default=Effort.STANDARD.value,
    show_default=True,
    help="fast: one cheap step; standard: cheap first, more while undecided; max: the most, at once.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A PNG to write: the photo with the outlines, the covers beside it. For one photo.",
)
@click.option(
    "--scans",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that was indexed, to draw the covers from. Otherwise S3_BUCKET, or small grey ones of the index.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with outlines and timings.")
def search(
    settings: ApiSettings,
    photos: tuple[Path, ...],
    max_covers: int,
    effort: str,
    picture: Path | None,
    scans: Path | None,
    as_json: bool,
) -> None:
    """Say which covers PHOTOS show; exit code 1 when one of them cannot be read as a photo of something."""
    from vinymatic.features import FeatureSpec
    from vinymatic.index.query import look
    from vinymatic.index.results import SearchOptions
    from vinymatic.lifecycle.places import score_weights

    if picture is not None and len(photos) > 1:
        raise click.UsageError("--picture is of one photo")
    spec = FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    options = SearchOptions(settings.top_n, settings.similarity_threshold, max_covers, Effort(effort))
    weights = score_weights(settings)
    failed = False
    with newest_snapshot(settings) as snapshot:
        for photo in photos:
            try:
                data = photo.read_bytes()
                seen = look(snapshot, data, spec, options, max_pixels=settings.max_pixels, weights=weights)
            except ImageError as error:
                failed = True
                if as_json:
                    click.echo(
                        json.dumps({"photo": str(photo), "error": {"code": error.code, "message": error.message}})
                    )
                else:
                    click.echo(f"{photo}: {error.message} ({error.code})", err=True)
                continue
            click.echo(_json(photo, seen.result) if as_json else _text(photo, seen.result))
            if picture is not None:
                _draw(settings, snapshot, seen, data, scans, picture)
    if failed:
        raise click.exceptions.Exit(1)


def _draw(
    settings: ApiSettings, snapshot: Snapshot, seen: Look, photo: bytes, scans: Path | None, picture: Path
) -> None:
    from vinymatic.index.drawing import LARGEST_COVER, match_picture, shown_covers, with_scans
    from vinymatic.lifecycle.places import covers_store, store_at
    from vinymatic.lifecycle.scan_reader import ScanReader

    covers = shown_covers(snapshot, seen)
    if scans is not None or settings.s3_bucket:
        store = covers_store(settings) if scans is None else store_at(settings, scans.absolute().as_uri())
        reader = ScanReader(lambda: store, max_pixels=settings.max_pixels, side=LARGEST_COVER)
        covers = with_scans(covers, reader.reading())
    picture.write_bytes(match_picture(seen, photo, covers, max_pixels=settings.max_pixels))


def _json(photo: Path, result: SearchResult) -> str:
    return json.dumps({"photo": str(photo), **asdict(result)}, ensure_ascii=False)


def _text(photo: Path, result: SearchResult) -> str:
    lines = [f"{photo}: {result.verdict.replace('_', ' ')} ({result.reason})"]
    lines += [_match(match, "") for match in result.covers]
    lines += [_match(match, "  not accepted") for match in result.candidates]
    return "\n".join(lines)


def _match(match: Match, note: str) -> str:
    return f"  {match.score:.3f}  {match.id}  {match.inliers} inliers{note}"
