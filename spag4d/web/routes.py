"""The HTTP interface, as its OpenAPI description tells."""

import json
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel

from spag4d import __version__
from spag4d.formats import FORMATS
from spag4d.models.weights import WEIGHTS
from spag4d.presets import choices_for_page
from spag4d.settings import page_schema
from spag4d.web import files
from spag4d.web.descriptions import ARCHIVE, ASKING, FILE, FILE_BODY, GUARDED, PICTURE, RECEIVING, STREAM, UNKNOWN, problems
from spag4d.web.events import event_stream
from spag4d.web.job import Job
from spag4d.web.job_request import JobRequest, ShortBody
from spag4d.web.making import Wish
from spag4d.web.models import Model, ModelList
from spag4d.web.places import has_viewer
from spag4d.web.reach import qr_svg
from spag4d.web.scene_files import layers_of
from spag4d.web.service import Service
from spag4d.web.uploads import UploadKind


class Health(BaseModel):
    """How the server is. ``viewer`` says whether the libraries that draw scenes are installed; 0 days are for ever."""

    status: Literal["ok"] = "ok"
    version: str
    running: int
    queued: int
    viewer: bool
    max_upload_bytes: int
    keep_days: float


class Address(BaseModel):
    """Where other machines reach this server, with its token; empty where it serves this machine only."""

    address: str


class Uploaded(BaseModel):
    """A file that was received; a job is made of its ``id``."""

    id: str
    kind: UploadKind
    name: str
    size: int


router = APIRouter(prefix="/api", responses=GUARDED, route_class=ShortBody)


def _service(request: Request) -> Service:
    return request.app.state.service


TheService = Annotated[Service, Depends(_service)]


def _job(id: str, service: TheService) -> Job:
    job = service.jobs.get(id)
    if job is None:
        raise HTTPException(404, "there is no such job. It may have been deleted.")
    return job


TheJob = Annotated[Job, Depends(_job)]


@router.get("/health")
async def health(service: TheService) -> Health:
    """Tell that the server is there, and how much it has to do."""
    return Health(
        version=__version__, running=service.jobs.count("running"), queued=service.jobs.count("queued"), viewer=has_viewer(),
        max_upload_bytes=service.uploads.max_bytes, keep_days=service.limits.keep_days)


@router.get("/address")
def address(request: Request) -> Address:
    """Tell under which address other machines reach this server."""
    return Address(address=request.app.state.shared_at)


@router.get("/settings", response_model=dict[str, Any])
async def settings() -> Response:
    """Describe the settings of a conversion as a JSON schema: title, group, unit, default, bounds and help of each.

    choices are questions, each answer of which stands for a few of them.
    """
    return Response(_settings(), media_type="application/json")


@cache
def _settings() -> bytes:
    return json.dumps({**page_schema(), "choices": choices_for_page()}, ensure_ascii=False).encode()


IsDepth = Annotated[bool, Query(description="Whether the file holds distances: npy, npz, 16-bit PNG, TIFF, EXR or PFM.")]


class FormatFacts(BaseModel):
    """A format that scenes can be written in."""

    label: str
    purpose: str


@router.get("/formats")
def formats() -> dict[str, FormatFacts]:
    """List the formats that a scene can be written in."""
    found = {name: FORMATS.load(name) for name in FORMATS}
    return {name: FormatFacts(label=one.label, purpose=one.purpose) for name, one in found.items()}


@router.put("/uploads/{name:path}", status_code=201, responses=RECEIVING, openapi_extra=FILE_BODY)
async def upload(request: Request, name: str, service: TheService, *, depth: IsDepth = False) -> Uploaded:
    """Send a panorama, a 360° video, a scene file or a depth map under its file name. A job has to take it within a day."""
    id, kept = await service.receive(request, name, is_depth=depth)
    return Uploaded(id=id, kind=kept.kind, name=kept.name, size=kept.path.stat().st_size)


@router.post("/jobs", status_code=201, responses={**ASKING, **RECEIVING})
def create_job(wanted: JobRequest, service: TheService) -> Job:
    """Queue the conversion of an upload, which the job takes, or once more that of another job's file; open a scene file.

    With one_place one scene is made of pictures of one place, or of a video of a walk; with one_file one scene that moves of a
    video.
    """
    return service.submit(wanted.uploads, wanted.settings, one_place=wanted.one_place, one_file=wanted.one_file,
                          depth_map=wanted.depth_map)


@router.post("/jobs/{id}/make", status_code=201, responses={**ASKING, **RECEIVING, **UNKNOWN})
def make(job: TheJob, wish: Wish, service: TheService) -> Job:
    """Make something of a finished scene: a new version after edits, another format, a web page, a picture or a film."""
    return service.make(job, wish)


@router.get("/jobs/{id}/layers", responses=UNKNOWN)
def layers(job: TheJob, service: TheService) -> dict[str, int]:
    """Tell how many Gaussians each layer of a scene has, in the order of its .ply file; nothing where it names none."""
    return layers_of(job, service.folder_of(job))


@router.get("/jobs")
def jobs(service: TheService) -> list[Job]:
    """List all jobs, the oldest first."""
    return service.jobs.all()


@router.get("/jobs/{id}", responses=UNKNOWN)
def job(job: TheJob) -> Job:
    """Tell how far a job is and what it has made."""
    return job


@router.post("/jobs/{id}/cancel", status_code=202, responses=UNKNOWN)
def cancel(job: TheJob, service: TheService) -> Job:
    """Stop a job, whether it waits or runs; one that has ended stays as it is."""
    if not job.has_ended:
        service.runner.cancel(job.id)
    return service.jobs.get(job.id) or job


@router.delete("/jobs/{id}", status_code=204, responses={**UNKNOWN, **problems({409: "The job has not ended."})})
def delete(job: TheJob, service: TheService) -> None:
    """Forget a job that has ended, and delete its files."""
    if not job.has_ended:
        raise HTTPException(409, "this job has not ended. Cancel it first.")
    service.delete(job)


def _stream(request: Request, service: Service, key: str | None) -> StreamingResponse:
    last_id = request.headers.get("last-event-id", "")
    return StreamingResponse(event_stream(service.board, last_id, key), media_type="text/event-stream",
                             headers={"cache-control": "no-store"})


@router.get("/events", response_class=StreamingResponse, responses=STREAM)
async def events(request: Request, service: TheService) -> StreamingResponse:
    """Follow all jobs and models. The stream ends now and then; reconnecting with Last-Event-ID misses nothing."""
    return _stream(request, service, None)


@router.get("/jobs/{id}/events", response_class=StreamingResponse, responses={**STREAM, **UNKNOWN})
async def job_events(request: Request, job: TheJob, service: TheService) -> StreamingResponse:
    """Follow one job, as /api/events does all of them."""
    return _stream(request, service, job.id)


@router.get("/jobs/{id}/qr.svg", response_class=Response, responses={**PICTURE, **UNKNOWN})
def qr_code(job: TheJob, request: Request) -> Response:
    """Draw the address at which other machines see nothing but this scene as a QR code."""
    shared_at = request.app.state.shared_at
    if not shared_at:
        raise HTTPException(404, "this server serves its own machine only.")
    there = f"{shared_at}{'&' if '?' in shared_at else '?'}job={job.id}&kiosk"
    return Response(qr_svg(there), media_type="image/svg+xml", headers={"cache-control": "no-store"})


Download = Annotated[bool, Query(description="Whether a browser should save the file rather than show it.")]


@router.head("/jobs/{id}/files/{name}", include_in_schema=False)
@router.get("/jobs/{id}/files/{name}", response_class=FileResponse, responses={**FILE, **UNKNOWN})
def job_file(job: TheJob, service: TheService, name: str, download: Download = False) -> FileResponse:
    """Send a file that a job has made, or the part of it that a Range header asks for."""
    path = files.job_file(job, service.folder_of(job), name)
    return files.answer(_there(path), job, download=download)


@router.head("/jobs/{id}/frames/{name}", include_in_schema=False)
@router.get("/jobs/{id}/frames/{name}", response_class=FileResponse, responses={**FILE, **UNKNOWN})
def frame(job: TheJob, service: TheService, name: str, download: Download = False) -> FileResponse:
    """Send the scene of one frame of a video, such as frame_00001.ply or, of its depth, frame_00001.depth.jpg."""
    path = files.frame_file(job, service.folder_of(job), name)
    return files.answer(_there(path), job, download=download)


def _there(path: Any) -> Any:
    if path is None or not path.is_file():
        raise HTTPException(404, "this job does not have that file, or not yet.")
    return path


@router.get("/jobs/{id}/frames.zip", response_class=StreamingResponse, responses={**ARCHIVE, **UNKNOWN})
def all_frames(job: TheJob, service: TheService, format: str) -> StreamingResponse:
    """Send all frames of a finished video in one format, with sequence.json, as a zip archive."""
    if job.kind != "video" or job.status != "done" or format not in job.formats:
        raise HTTPException(404, "this job does not have those frames, or not yet.")
    paths = files.frames_of(job, service.folder_of(job), format)
    return StreamingResponse(files.zipped(paths), media_type="application/zip",
                             headers={"content-disposition": f'attachment; filename="frames-{format}.zip"'})


def _model(name: str) -> str:
    if name not in WEIGHTS:
        raise HTTPException(404, "there is no such model.")
    return name


TheModel = Annotated[str, Depends(_model)]


@router.get("/models")
def models(service: TheService) -> ModelList:
    """List the published models: what they are for, how large they are, their licences, and whether they are installed."""
    return service.models.all()


@router.post("/models/{name}/fetch", status_code=202, responses={**UNKNOWN, **problems({503: "The weights cannot be stored."})})
def fetch_model(
    name: TheModel, service: TheService, *,
    agreed: Annotated[bool, Query(description="That you have read the licence and agree to it, where needed.")] = False,
) -> Model:
    """Begin to fetch a model; its events tell how far that is."""
    service.models.fetch(name, agreed=agreed)
    return service.models.get(name)


@router.post("/models/{name}/cancel", status_code=202, responses=UNKNOWN)
def cancel_model(name: TheModel, service: TheService) -> Model:
    """Stop fetching a model; what has come is kept and goes on from there."""
    service.models.cancel(name)
    return service.models.get(name)
