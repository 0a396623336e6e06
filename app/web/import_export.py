"""The administrator's page of imports and exports: downloads, an upload, its preview and the job that imports it."""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import IO, BinaryIO

from flask import Blueprint, Response, abort, current_app, redirect, request, session, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, FileField, HiddenField, StringField

from app.error_handlers import error_response
from app.errors import ValidationFailed
from app.extensions import get_service
from app.i18n import lazy_gettext as _
from app.schemas import AUTHOR_MAX, TITLE_MAX
from app.security import identity, permissions
from app.security.permissions import Permission
from app.services import MaintenanceService, import_export
from app.services.import_export import ANONYMOUS, FIELDS, ImportResult, Preview, TableOptions
from app.services.jobs import Jobs, ProgressCallback, Work
from app.web import messages
from app.web.forms import Form
from app.web.rendering import render

_UPLOAD, _COLUMNS = "upload", "columns"  # in the session
MAX_FILES = 4
EXPIRES_AFTER = 60 * 60
"""Seconds until an uploaded file is deleted."""
_MAX_NAME_LENGTH = 100  # characters of a file's name
_MAX_REMEMBERED = 3  # files' headings whose columns were chosen

blueprint = Blueprint("import_export", __name__, url_prefix="/admin/data")


class Uploads:
    """Recently uploaded files, between the preview and the import: in a folder, with random tokens as names."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def add(self, stream: IO[bytes]) -> str:
        """Copy an uploaded file, as the original is closed after its request, and return its token."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        token = secrets.token_urlsafe(18)
        with open(self._folder / token, "xb") as file:
            shutil.copyfileobj(stream, file)
        self._expire()
        return token

    def open(self, token: str) -> BinaryIO | None:
        """Open the file of a token; return None if it has expired."""
        self._expire()
        try:
            return open(self._path(token), "rb")
        except FileNotFoundError:
            return None

    def discard(self, token: str) -> None:
        self._path(token).unlink(missing_ok=True)

    def _path(self, token: str) -> Path:
        return self._folder / (token if re.fullmatch(r"[\w-]{24}", token, re.ASCII) else "unknown")

    def _expire(self) -> None:
        """Delete expired and excess files."""
        files = sorted(((path.stat().st_mtime, path) for path in self._folder.glob("*")), reverse=True)
        for place, (written_at, path) in enumerate(files):
            if place >= MAX_FILES or written_at + EXPIRES_AFTER <= self._now():
                path.unlink(missing_ok=True)


class ImportForm(Form):
    file = FileField(
        _("파일"),
        render_kw={"required": True, "accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods,.json,.jsonl,.zip,.gz"},
    )


class PreviewForm(Form):
    """Import of an uploaded file, with the positions of a table's columns as `column_...`."""

    upload = HiddenField()
    title = StringField(_("모든 리뷰의 영화"), render_kw={"maxlength": TITLE_MAX})
    author = StringField(_("모든 리뷰의 작성자"), render_kw={"maxlength": AUTHOR_MAX, "placeholder": ANONYMOUS})
    skip_bad = BooleanField(_("읽을 수 없는 줄은 빼고 나머지만 가져오기"))
    reread = BooleanField(_("이미 읽은 리뷰도 지금 모델로 다시 읽기"))

    def columns(self) -> dict[str, int | None]:
        """Return the submitted positions of fields; None for no column."""
        return {
            field: int(text) if re.fullmatch("[0-9]{1,4}", text) else None
            for field in FIELDS
            if (text := request.form.get(f"column_{field}")) is not None
        }

    def options(self, columns: Mapping[str, int | None]) -> TableOptions:
        return TableOptions(columns, (self.title.data or "").strip(), (self.author.data or "").strip())


@blueprint.get("")
def show() -> Response:
    permissions.require(Permission.EXPORT)
    return _show(ImportForm())


@blueprint.get("/catalogue.jsonl")
def export_catalogue() -> Response:
    return _download(import_export.export_catalogue, "application/x-ndjson", "gampyeong.jsonl")


@blueprint.get("/reviews.csv")
def export_reviews() -> Response:
    return _download(import_export.export_reviews, "text/csv", "gampyeong-reviews.csv")


@blueprint.get("/corrections.tsv")
def export_corrections() -> Response:
    return _download(import_export.export_corrections, "text/tab-separated-values", "gampyeong-corrections.tsv")


def _download(export: Callable[..., Iterator[bytes]], mimetype: str, name: str) -> Response:
    permissions.require(Permission.EXPORT)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(export(get_service(MaintenanceService).store), mimetype=mimetype, headers=headers)


@blueprint.post("/upload")
def upload() -> BaseResponse:
    permissions.require(Permission.IMPORT)
    token = _receive()
    get_service(Uploads).discard(_kept_token())
    session[_UPLOAD] = [token, str(request.files["file"].filename)[:_MAX_NAME_LENGTH]]
    return redirect(url_for("import_export.show_preview"), 303)


@blueprint.get("/preview")
def show_preview() -> Response:
    permissions.require(Permission.IMPORT)
    return _show_preview(PreviewForm(), None)


@blueprint.post("/preview")
def change_preview() -> Response:
    permissions.require(Permission.IMPORT)
    form = PreviewForm.from_request()
    form.has_valid_token()  # an error is shown on the page; nothing is changed here
    return _show_preview(form, form.columns())


@blueprint.post("/import")
def start_import() -> BaseResponse:
    """Import the previewed file, or a file in the request without a preview."""
    permissions.require(Permission.IMPORT)
    request.max_content_length = current_app.config["IMPORT_MAX"]
    form = PreviewForm.from_request()
    if form.upload.data:
        return _import_previewed(form)
    token = _receive()
    if not get_service(Jobs).start("import", _import(token, form, {})):
        get_service(Uploads).discard(token)
        return _error_page(409, "", messages.JOB_RUNNING)
    return redirect(url_for("import_export.show_job"), 303)


def _import_previewed(form: PreviewForm) -> BaseResponse:
    """Start the job for the previewed file, or return the preview with the error."""
    columns = form.columns()
    if form.has_valid_token():
        token = _kept_token()
        if form.upload.data != token:
            return _error_page(410, "file", messages.UPLOAD_EXPIRED)
        preview = _preview(form.options(columns))
        if preview.errors:
            form.status = 422
        elif get_service(Jobs).start("import", _import(token, form, columns)):
            _remember(preview)
            return redirect(url_for("import_export.show_job"), 303)
        else:
            form.status, form.alert = 409, str(messages.JOB_RUNNING)
    return _show_preview(form, columns)


def _receive() -> str:
    """Store the uploaded file and return its token, or abort with an error page."""
    request.max_content_length = current_app.config["IMPORT_MAX"]
    form = ImportForm(request.form | request.files)
    if not form.has_valid_token():
        abort(_show(form))
    file = request.files.get("file")
    if file is None or not file.filename:
        abort(_error_page(422, "file", messages.NO_FILE))
    return get_service(Uploads).add(file.stream)


def _kept_token() -> str:
    """Return the token of this browser's uploaded file, empty if there is none."""
    return str(session.get(_UPLOAD, [""])[0])


def _import(token: str, form: PreviewForm, columns: Mapping[str, int | None]) -> Work:
    """Return the job's function: it imports the uploaded file and deletes it, unless bad rows prevented the import."""
    maintenance, uploads, who = get_service(MaintenanceService), get_service(Uploads), identity.actor()
    options, skip_bad, reread = form.options(columns), bool(form.skip_bad.data), bool(form.reread.data)

    def work(report: ProgressCallback) -> ImportResult:
        file = uploads.open(token)
        if file is None:
            raise ValidationFailed.in_file("file_empty", "the file has expired")
        with file:
            result = import_export.import_file(
                maintenance.store,
                maintenance.analyzer,
                file,
                options=options,
                skip_bad=skip_bad,
                reread=reread,
                who=who,
                report=report,
            )
        if result.added:
            uploads.discard(token)
        return result

    return work


def _preview(options: TableOptions) -> Preview:
    """Return the first rows of this browser's file, or abort if it has expired. Raise `ValidationFailed`."""
    file = get_service(Uploads).open(_kept_token())
    if file is None:
        abort(_error_page(410, "file", messages.UPLOAD_EXPIRED))
    with file:
        return import_export.preview_file(file, options)


def _show_preview(form: PreviewForm, columns: Mapping[str, int | None] | None) -> Response:
    """Show the first rows of the uploaded file, with the given columns or those last chosen for the same headings."""
    try:
        preview = _preview(form.options(columns or {}))
        if columns is None and (remembered := _remembered(preview)):
            preview = _preview(form.options(remembered))
    except ValidationFailed as error:
        return _error_page(422, "file", messages.file_error_messages(error.errors))
    form.upload.data, name = session[_UPLOAD]
    return render("preview.html", form, form=form, preview=preview, name=name, field_names=messages.FIELD_NAMES)


def _remember(preview: Preview) -> None:
    """Store the chosen columns for the next table with the same headings."""
    if preview.is_table:
        kept = [item for item in session.get(_COLUMNS, []) if item[0] != _headings(preview)]
        chosen = [preview.columns[field] for field in FIELDS]
        session[_COLUMNS] = [*kept, [_headings(preview), chosen]][-_MAX_REMEMBERED:]


def _remembered(preview: Preview) -> dict[str, int | None]:
    """Return the columns that were chosen for these headings, if any."""
    chosen: list[int | None] = dict(session.get(_COLUMNS, [])).get(_headings(preview), [])
    return dict(zip(FIELDS, chosen, strict=True)) if len(chosen) == len(FIELDS) else {}


def _headings(preview: Preview) -> str:
    """Return a hash of the headings; that of a file without any is never stored."""
    return blake2b("\n".join(preview.names).encode("utf-8", "replace"), digest_size=8).hexdigest()


@blueprint.post("/rescore")
def start_rescore() -> BaseResponse:
    permissions.require(Permission.RESCORE)
    form = ImportForm.from_request()
    if not form.has_valid_token():
        return _show(form)
    rescore, who = get_service(MaintenanceService).rescore, identity.actor()
    if not get_service(Jobs).start("rescore", lambda report: rescore(who=who, report=report)):
        return _error_page(409, "", messages.JOB_RUNNING)
    return redirect(url_for("import_export.show_job"), 303)


@blueprint.get("/job")
def show_job() -> Response:
    permissions.require(Permission.IMPORT)
    return render("job.html", job=get_service(Jobs).last)


@blueprint.post("/job/stop")
def stop_job() -> BaseResponse:
    permissions.require(Permission.IMPORT)
    if Form.from_request().has_valid_token():
        get_service(Jobs).stop()
    return redirect(url_for("import_export.show_job"), 303)


@blueprint.errorhandler(RequestEntityTooLarge)
def _refuse_large(error: RequestEntityTooLarge) -> Response:
    limit = current_app.config["IMPORT_MAX"]
    if request.max_content_length != limit:  # a form without a file
        return error_response(413, f"the request body is larger than {request.max_content_length:,} bytes")
    return _error_page(413, "file", messages.format_too_large(limit))


def _error_page(status: int, field: str, sentence: str) -> Response:
    form = ImportForm()
    form.status = status
    form.add_error(field, sentence)
    return _show(form)


def _show(form: ImportForm) -> Response:
    maintenance = get_service(MaintenanceService)
    return render(
        "import_export.html",
        form,
        form=form,
        max_size=current_app.config["IMPORT_MAX"],
        durable=maintenance.store.durable,
        outdated=maintenance.count_outdated(),
        job=get_service(Jobs).last,
    )
