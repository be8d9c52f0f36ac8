"""The text of ``launchctl print system/<label>``: the real layout, nested blocks with keys of the same names included."""

from __future__ import annotations

_RUNNING = """system/{label} = {{
	active count = {count}
	path = {path}
	type = LaunchDaemon
	state = {state}

	program = {program}
	arguments = {{
{arguments}
	}}

	default environment = {{
		PATH => /usr/bin:/bin:/usr/sbin:/sbin
	}}

	environment = {{
{environment}
	}}

	domain = system
{username}	minimum runtime = {throttle}
	exit timeout = {exit_timeout}
	runs = {runs}
{process}	last exit code = {last_exit}

	resource coalition = {{
		ID = 397
		type = resource
		state = active
		active count = 1
		pid = 1
		name = {label}
	}}

	job state = {job_state}
	spawn type = {spawn_type}
	properties = {properties}
}}
"""


def job_text(job):
    """Return the text for a job of launchd_jobs.py."""
    plist = job.plist
    argv = plist.get("ProgramArguments") or [plist["Program"]]
    environment = {**plist.get("EnvironmentVariables", {}), "XPC_SERVICE_NAME": job.label}
    properties = [word for key, word in (("KeepAlive", "keepalive"), ("RunAtLoad", "runatload")) if plist.get(key)]
    return _RUNNING.format(
        label=job.label,
        count=1 if job.pid else 0,
        path=job.path,
        state=job.state,
        program=plist.get("Program", argv[0]),
        arguments="\n".join(f"\t\t{word}" for word in argv),
        environment="\n".join(f"\t\t{key} => {value}" for key, value in environment.items()),
        username=f"\tusername = {plist['UserName']}\n" if "UserName" in plist else "",
        throttle=plist.get("ThrottleInterval", 10),
        exit_timeout=job.exit_timeout,
        runs=job.runs,
        process=f"\tpid = {job.pid}\n\timmediate reason = speculative\n\tforks = 3\n" if job.pid else "",
        last_exit=job.last_exit or "(never exited)",
        job_state="running" if job.pid else "exited",
        spawn_type="interactive (4)" if plist.get("ProcessType") == "Interactive" else "daemon (3)",
        properties=" | ".join([*properties, "inferred program"]),
    )
