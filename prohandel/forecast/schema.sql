-- What forecasts are kept in. Every statement may run again; {schema} is the schema of the target.
create schema if not exists {schema};

create table if not exists {schema}.runs (
    run_id bigint generated always as identity primary key,
    forecast_origin date not null,
    horizon_days integer not null,
    status text not null check (status in ('running', 'done')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    code_version text not null,
    data_fingerprint text,
    parameters jsonb not null,
    n_series integer,
    timings jsonb
);

create table if not exists {schema}.forecasts (
    forecast_origin date not null,
    branch_number text not null,
    article_number text not null,
    run_id bigint not null,
    model text not null,
    is_cold_start boolean not null,
    demand_mean real[] not null,
    demand_quantiles real[] not null,
    model_mean real[],
    dispersion real not null,
    level_cv2 real not null,
    history_days integer not null,
    censored_days integer not null,
    primary key (forecast_origin, branch_number, article_number)
);
comment on table {schema}.forecasts is
    'Demand per day after the origin: demand_mean[day], demand_quantiles[level][day] for 14 levels from 0.05 to 0.99, with '
    'the overrides of planners; model_mean[day] is the model''s own mean where they changed it.';

create table if not exists {schema}.models (
    run_id bigint not null,
    name text not null,
    fingerprint text not null,
    parameters jsonb not null,
    artefact text,
    primary key (run_id, name)
);

create table if not exists {schema}.feature_profile (
    forecast_origin date not null,
    segment text not null,
    feature text not null,
    edges double precision[] not null,
    shares double precision[] not null,
    primary key (forecast_origin, segment, feature)
);

create table if not exists {schema}.scores (
    model text not null,
    segment text not null,
    forecast_origin date not null,
    horizon_week integer not null,
    wape double precision,
    bias double precision,
    rmsse double precision,
    scaled_pinball double precision,
    coverage_p80 double precision,
    coverage_p95 double precision,
    n_series integer not null,
    n_points integer not null,
    is_champion boolean not null,
    primary key (model, segment, forecast_origin, horizon_week)
);

create table if not exists {schema}.champions (
    segment text primary key,
    model text not null,
    since date not null
);

create table if not exists {schema}.decisions (
    decision_id bigint generated always as identity primary key,
    decided_at timestamptz not null default now(),
    forecast_origin date not null,
    segment text not null,
    from_model text not null,
    to_model text not null,
    evidence jsonb not null
);

create table if not exists {schema}.live_scores (
    forecast_origin date not null,
    branch_number text not null,
    article_number text not null,
    model text not null,
    days integer not null,
    units double precision,
    forecast_units double precision,
    abs_error double precision,
    model_abs_error double precision,
    naive_abs_error double precision,
    primary key (forecast_origin, branch_number, article_number)
);

create table if not exists {schema}.drift (
    model text not null,
    segment text not null,
    week date not null,
    tracking_signal double precision,
    wape double precision,
    baseline_wape double precision,
    psi double precision,
    is_drifting boolean not null,
    primary key (model, segment, week)
);

create table if not exists {schema}.overrides (
    override_id bigint generated always as identity primary key,
    article_number text not null,
    branch_number text not null,
    starts_on date not null,
    ends_on date not null,
    factor numeric check (factor >= 0),
    units numeric check (units >= 0),
    reason text not null,
    author text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    check (ends_on >= starts_on),
    check (num_nonnulls(factor, units) = 1)
);

create table if not exists {schema}.proposals (
    proposal_id bigint generated always as identity primary key,
    proposed_on date not null,
    article_number text not null,
    branch_number text not null,
    supplier text,
    units numeric not null,
    value_cost numeric,
    status text not null check (status in ('proposed', 'accepted', 'exported', 'rejected')),
    decided_at timestamptz
);
