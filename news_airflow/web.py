"""The pages as a web application inside Airflow's API server: who asks, may they, and a backfill that somebody starts.

A plugin's application has no login of its own (apache/airflow 72655). Here every request needs a user of Airflow who may read the DAG
`news_ingest`, and asking for a backfill one who may run `news_backfill`. `pipeline.operations.pages` makes the pages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.models import DagModel, DagRun
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException as AnyHTTPException

from news_airflow.tabs import RunFacts, page_of_asset, page_of_dag, page_of_run
from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import PipelineError
from pipeline.core.settings import Settings
from pipeline.operations.pages.rendering import address
from pipeline.operations.pages.site import BackfillWish, SiteAnswer, SiteRequest, answer, backfill_wish, failure

DAG_ID = "news_ingest"
"""Whoever may read this DAG may read the pages."""
BACKFILLS = "news_backfill"
LONGEST_FORM = 10_000
"""Bytes of a form; ours has a source, two dates and some words."""
READ = Depends(requires_access_dag("GET", param_dag_id=DAG_ID))
RUN = Depends(requires_access_dag("POST", DagAccessEntity.RUN, BACKFILLS))

app = FastAPI(title="News", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[READ])
"""`READ` stands on the application, so that no page can forget it."""


@app.get("/airflow/{kind}")
def tab(request: Request, kind: str, user: GetUserDep) -> Response:
    """Lead a tab of Airflow to the page of its DAG, run or asset."""
    asked = _asked(request, f"airflow/{kind}", dict(request.query_params), user)
    dag_id = asked.query.get("dag", "")
    try:
        if kind == "asset":
            found = page_of_asset(asked.query.get("uri", ""))
        elif kind == "run":
            run = _run_facts(dag_id, asked.query.get("run", ""))
            found = page_of_run(run) if run is not None else None
        else:
            found = page_of_dag(dag_id) if kind == "dag" else None
    except ValueError as error:
        return _response(failure(asked, HTTPStatus.NOT_FOUND, "No page of this run", f"its form is wrong: {error}"))
    if found is None:
        return _response(failure(asked, HTTPStatus.NOT_FOUND, "No page", "The pages of News show nothing of this."))
    target = address(asked.base, found[0], found[1])
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": target, "Cache-Control": "no-store"})


def _run_facts(dag_id: str, run_id: str) -> RunFacts | None:
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one_or_none()
        return run and RunFacts(run.dag_id, run.run_after, run.logical_date, run.partition_key, run.conf or {})


@app.get("/{path:path}")
def page(request: Request, path: str, user: GetUserDep) -> Response:
    """Any page, style, script or picture."""
    return _response(_answer(_asked(request, path, dict(request.query_params), user)))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our own pages sent. Raises HTTPException 403 for one of another site, 413 for a long one.

    The cookie of the login goes with a form of any page of the same site, so the origin decides; a token in a header is sent by no form.
    """
    is_ours = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host")
    if not is_ours and "authorization" not in request.headers:
        raise HTTPException(HTTPStatus.FORBIDDEN, "The form comes from another site.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too long.")
    return dict(parse_qsl(body.decode(errors="replace")))


@app.post("/coverage/backfill", dependencies=[RUN])
def start_backfill(request: Request, user: GetUserDep, form: Annotated[dict[str, str], Depends(_form)]) -> Response:
    """Create a run of `news_backfill` for the form, then show its page again."""
    asked = _asked(request, "coverage/backfill", form, user)
    try:
        wish = backfill_wish(asked, load_catalogue(Settings.from_environment().config))
        started = _start(wish, asked)
    except _AlreadyAsked as error:
        return _response(failure(asked, HTTPStatus.CONFLICT, "This backfill is under way", str(error)))
    except OperationalError:  # SQLite, beside a scheduler that writes
        reason = "The backfill was not created. Try again; with PostgreSQL this does not happen."
        return _response(failure(asked, HTTPStatus.SERVICE_UNAVAILABLE, "Airflow's database is busy", reason))
    except (PipelineError, AirflowException, ValueError) as error:
        return _response(failure(asked, HTTPStatus.UNPROCESSABLE_ENTITY, "This backfill cannot start", str(error)))
    fields = {"source": wish.source_id, "day": wish.days[0], "last": wish.days[-1], "origins": " ".join(wish.origins)}
    target = address(asked.base, "/coverage/backfill", fields, refetch="on" if wish.refetch else "", started=started)
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": target, "Cache-Control": "no-store"})


class _AlreadyAsked(Exception):  # noqa: N818  an answer to the user, no error of the program
    """A run of `news_backfill` with the same form waits or runs."""


def _start(wish: BackfillWish, asked: SiteRequest) -> str:
    """Create the run; returns its id. Raises _AlreadyAsked, and AirflowException when Airflow does not know or allow the run."""
    form = {name: value for name, value in wish.form.items() if value}
    with create_session() as session:
        if DagModel.get_current(BACKFILLS, session=session) is None:
            raise AirflowException(f"Airflow has no DAG {BACKFILLS}: see whether its file has an import error")
        open_runs = session.scalars(
            select(DagRun).where(DagRun.dag_id == BACKFILLS, DagRun.state.in_([DagRunState.QUEUED, DagRunState.RUNNING]))
        )
        if same := [run.run_id for run in open_runs if run.conf == form]:
            raise _AlreadyAsked(f"The run {same[0]} of {BACKFILLS} has the same source, dates and origins, and is not over.")
    run_id = f"coverage__{asked.now:%Y-%m-%dT%H:%M:%S.%f}"
    trigger_dag(BACKFILLS, run_id=run_id, conf=form, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=asked.user)
    return run_id


@app.exception_handler(AnyHTTPException)
def refused(request: Request, error: AnyHTTPException) -> Response:
    """A refusal as a page: 401 without a login, 403 without permission, 405."""
    reasons = {401: "Log in to Airflow first.", 403: f"You may not do this: it needs access to the DAGs {DAG_ID} and {BACKFILLS}."}
    asked = _bare(request)
    return _response(
        failure(asked, error.status_code, HTTPStatus(error.status_code).phrase, reasons.get(error.status_code, str(error.detail)))
    )


def _bare(request: Request) -> SiteRequest:
    return SiteRequest(request.url.path, {}, request.scope.get("root_path", ""), datetime.now(UTC))


def _asked(request: Request, path: str, query: dict[str, str], user: GetUserDep) -> SiteRequest:
    return SiteRequest(
        path=f"/{path}",
        query=query,
        base=request.scope.get("root_path", ""),
        now=datetime.now(UTC),
        user=user.get_name(),
        may_backfill=get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=BACKFILLS), user=user
        ),
    )


def _answer(asked: SiteRequest) -> SiteAnswer:
    try:
        settings = Settings.from_environment()
    except PipelineError as error:
        return failure(asked, HTTPStatus.INTERNAL_SERVER_ERROR, "The configuration is wrong", str(error))
    return answer(settings, asked)


def _response(made: SiteAnswer) -> Response:
    return Response(made.body, made.status, {**made.headers, "Content-Type": made.content_type})
