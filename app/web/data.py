"""The administrator's page of files in and out: downloads, an upload, and the job that works through it."""

import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, FileField

from app.catalogue import Workshop
from app.catalogue.jobs import Jobs, Work
from app.http import caller, policy
from app.http.context import installed
from app.http.language import lazy_gettext as _
from app.http.policy import Deed
from app.web import data_wording as wording
from app.web import messages
from app.web.forms import Form
from app.web.rendering import render

blueprint = Blueprint("data", __name__, url_prefix="/admin/data")
for _name, _filter in wording.FILTERS.items():
    blueprint.add_app_template_filter(_filter, _name)


class ImportForm(Form):
    """Uploads a file."""

    file = FileField(_("파일"), render_kw={"required": True, "accept": ".jsonl,.csv,.tsv,.txt"})
    skip_bad = BooleanField(_("읽을 수 없는 줄은 빼고 나머지만 가져오기"))
    reread = BooleanField(_("이미 읽은 리뷰도 지금 모델로 다시 읽기"))


class JobForm(Form):
    """Starts or stops something; holds nothing but the token."""


@blueprint.get("")
def show() -> Response:
    policy.require(Deed.EXPORT)
    return _show(ImportForm())


@blueprint.get("/catalogue.jsonl")
def export_catalogue() -> Response:
    policy.require(Deed.EXPORT)
    return _download(installed(Workshop).export_catalogue(), "application/x-ndjson", "gampyeong.jsonl")


@blueprint.get("/reviews.csv")
def export_reviews() -> Response:
    policy.require(Deed.EXPORT)
    return _download(installed(Workshop).export_reviews(), "text/csv", "gampyeong-reviews.csv")


@blueprint.get("/corrections.tsv")
def export_corrections() -> Response:
    policy.require(Deed.EXPORT)
    return _download(installed(Workshop).export_corrections(), "text/tab-separated-values", "gampyeong-corrections.tsv")


@blueprint.post("/import")
def start_import() -> BaseResponse:
    policy.require(Deed.IMPORT)
    request.max_content_length = current_app.config["IMPORT_MAX"]
    try:
        form = ImportForm(request.form | request.files)
    except RequestEntityTooLarge:
        return _show_too_large()
    if not form.is_genuine():
        return _show(form)
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _refuse(form, 422, "file", messages.NO_FILE)
    # The request's own copy goes when the request does.
    kept = tempfile.TemporaryFile(prefix="gampyeong-")
    shutil.copyfileobj(upload.stream, kept)
    if not _start("import", _import(kept, form.skip_bad.data, form.reread.data)):
        kept.close()
        return _refuse(form, 409, "", messages.JOB_RUNNING)
    return redirect(url_for("data.show_job"), 303)


@blueprint.post("/rescore")
def start_rescore() -> BaseResponse:
    policy.require(Deed.RESCORE)
    form = JobForm.posted()
    if not form.is_genuine():
        return _show(ImportForm(), form)
    workshop, who = installed(Workshop), caller.who()
    if not _start("rescore", lambda report: workshop.rescore(who=who, report=report)):
        return _refuse(ImportForm(), 409, "", messages.JOB_RUNNING)
    return redirect(url_for("data.show_job"), 303)


@blueprint.get("/job")
def show_job() -> Response:
    policy.require(Deed.IMPORT)
    return render("job.html", job=installed(Jobs).last)


@blueprint.post("/job/stop")
def stop_job() -> BaseResponse:
    policy.require(Deed.IMPORT)
    if JobForm.posted().is_genuine():
        installed(Jobs).stop()
    return redirect(url_for("data.show_job"), 303)


def _start(what: str, work: Work) -> bool:
    return installed(Jobs).start(what, work) is not None


def _import(file: BinaryIO, skip_bad: bool, reread: bool) -> Work:
    """The work that takes the file in, and closes it."""
    workshop, who = installed(Workshop), caller.who()

    def work(report: Any) -> Any:
        with file:
            return workshop.import_file(file, skip_bad=skip_bad, reread=reread, who=who, report=report)

    return work


def _download(parts: Iterator[bytes], mimetype: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(parts, mimetype=mimetype, headers=headers)


def _show_too_large() -> Response:
    return _refuse(ImportForm(), 413, "file", wording.tell_too_large(current_app.config["IMPORT_MAX"]))


def _refuse(form: Form, status: int, field: str, sentence: str) -> Response:
    form.status = status
    form.complain(field, sentence)
    return _show(form)


def _show(form: Form, failed: Form | None = None) -> Response:
    workshop = installed(Workshop)
    posted = failed or form
    return render(
        "data.html",
        posted,
        form=form,
        alert=posted.alert,
        most=current_app.config["IMPORT_MAX"],
        durable=workshop.durable,
        outdated=workshop.count_outdated(),
        job=installed(Jobs).last,
    )
