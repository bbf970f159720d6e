"""Where each tool's export keeps an event's name, time, people, identity and properties.

Each expression is SQL over `row`, the event as JSON, with the macros of `MACROS`. The time is the
one that the tool corrected for a wrong client clock, where the export has it; otherwise it is made
of the times that the tool corrects by. Sources: the tools' public documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

MACROS = r"""
CREATE MACRO opened(x) AS
  CASE WHEN json_type(x) = 'VARCHAR' THEN TRY_CAST(x->>'$' AS JSON) ELSE x END;
CREATE MACRO named(x) AS
  CASE WHEN x IS NULL OR lower(trim(x)) IN (
    '', 'null', 'undefined', 'none', 'nan', 'nil', '(not set)', '[object object]', 'anonymous',
    'guest', '00000000-0000-0000-0000-000000000000') THEN NULL ELSE trim(x) END;
CREATE MACRO scaled(n) AS
  TRY_CAST(CASE WHEN abs(n) < 1e11 THEN n * 1e3 WHEN abs(n) < 1e14 THEN n
           WHEN abs(n) < 1e17 THEN n / 1e3 ELSE n / 1e6 END AS BIGINT);
CREATE MACRO text_ms(t) AS
  CASE WHEN TRY_CAST(t AS DOUBLE) IS NOT NULL THEN scaled(CAST(t AS DOUBLE))
       ELSE epoch_ms(TRY_CAST(replace(t, ' UTC', '+00') AS TIMESTAMPTZ)) END;
CREATE MACRO time_ms(x) AS text_ms(x->>'$');
CREATE MACRO wall_ms(x) AS
  epoch_ms(CAST(make_timestamp(1000 * scaled(TRY_CAST(x->>'$' AS DOUBLE))) AS TIMESTAMP)
    AT TIME ZONE current_setting('TimeZone'));
CREATE MACRO typed_value(p) AS
  coalesce(p->>'/value/string_value', p->>'/value/int_value', p->>'/value/float_value',
    p->>'/value/double_value');
CREATE MACRO keys_of(x) AS list_transform(CAST(x AS JSON[]), lambda p: p->>'/key');
CREATE MACRO first_value(x, k) AS
  typed_value(list_filter(CAST(x AS JSON[]), lambda p: p->>'/key' = k)[1]);
CREATE MACRO parameters(x) AS
  CASE WHEN len(keys_of(x)) = len(list_distinct(keys_of(x))) THEN to_json(map(keys_of(x),
         list_transform(CAST(x AS JSON[]), lambda p: typed_value(p))))
       ELSE to_json(map(list_distinct(keys_of(x)),
         list_transform(list_distinct(keys_of(x)), lambda k: first_value(x, k)))) END;
CREATE MACRO parameter_texts(x) AS
  coalesce(list_sort(list_transform(CAST(x AS JSON[]), lambda p: concat_ws('=', p->>'/key',
    typed_value(p)))), []);
CREATE MACRO columns_below(x, prefix) AS
  list_filter(json_keys(x), lambda k: starts_with(k, prefix));
CREATE MACRO object_below(x, prefix) AS
  to_json(map(list_transform(columns_below(x, prefix), lambda k: k[length(prefix) + 1:]),
    list_transform(columns_below(x, prefix),
      lambda k: x->>('/' || replace(replace(k, '~', '~0'), '/', '~1')))));
CREATE MACRO corrected(device, sent, received) AS
  coalesce(time_ms(received) - (time_ms(sent) - time_ms(device)), time_ms(device),
    time_ms(received));
"""
"""named: no name where a tool wrote a placeholder. time_ms: ms since 1970 of a number in s, ms, µs
or ns, or of a text in the map's zone unless it says its own. wall_ms: seconds that count the
project's wall clock. parameters: GA4's list of keys and typed values as an object. parameter_texts:
the same as sorted texts, equal whether the list was exported with or without its nulls and types.
object_below: an object of the columns whose names begin
so. corrected: the device's time plus what its clock was wrong by when it sent."""

SNOWPLOW_COLUMNS = tuple(  # as the documentation lists them
    """app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id
    name_tracker v_tracker v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid
    domain_sessionidx network_userid geo_country geo_region geo_city geo_zipcode geo_latitude
    geo_longitude geo_region_name ip_isp ip_organization ip_domain ip_netspeed page_url page_title
    page_referrer page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery
    page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery
    refr_urlfragment refr_medium refr_source refr_term mkt_medium mkt_source mkt_term mkt_content
    mkt_campaign contexts se_category se_action se_label se_property se_value unstruct_event
    tr_orderid tr_affiliation tr_total tr_tax tr_shipping tr_city tr_state tr_country ti_orderid
    ti_sku ti_name ti_category ti_price ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min
    pp_yoffset_max useragent br_name br_family br_version br_type br_renderengine br_lang
    br_features_pdf br_features_flash br_features_java br_features_director br_features_quicktime
    br_features_realplayer br_features_windowsmedia br_features_gears br_features_silverlight
    br_cookies br_colordepth br_viewwidth br_viewheight os_name os_family os_manufacturer
    os_timezone dvce_type dvce_ismobile dvce_screenwidth dvce_screenheight doc_charset doc_width
    doc_height tr_currency tr_total_base tr_tax_base tr_shipping_base ti_currency ti_price_base
    base_currency geo_timezone mkt_clickid mkt_network etl_tags dvce_sent_tstamp
    refr_domain_userid refr_device_tstamp derived_contexts domain_sessionid derived_tstamp
    event_vendor event_name event_format event_version event_fingerprint true_tstamp""".split()  # noqa: SIM905
)
"""Columns of Snowplow's enriched TSV, which has no header line."""


@dataclass(frozen=True)
class Format:
    """SQL of one tool's export.

    name, at, user, anonymous, key: of the event; key is what the tool counts duplicates by.
    properties: a JSON object, by which a map's paths may begin. aliases: a list of ids that are the
    same person as `user or anonymous` from this event on, beside `anonymous` itself. rows: a
    select over `{rows}`, where a row of the file is not an event. columns: of a file without a
    header.
    """

    name: str
    at: str
    user: str
    anonymous: str
    key: str
    properties: str = "opened(row->'/properties')"
    aliases: str = "CAST([] AS VARCHAR[])"
    rows: str = "SELECT row FROM ({rows})"
    columns: tuple[str, ...] = ()


SEGMENT = Format(  # Segment: spec, common fields; warehouse tables: snake case, a property a column
    name="coalesce(row->>'/event_text', row->>'/event', row->>'/name', row->>'/type')",
    at="coalesce(time_ms(row->'/timestamp'), corrected("
    "coalesce(row->'/originalTimestamp', row->'/original_timestamp'), "
    "coalesce(row->'/sentAt', row->'/sent_at'), "
    "coalesce(row->'/receivedAt', row->'/received_at')))",
    user="coalesce(row->>'/userId', row->>'/user_id')",
    anonymous="coalesce(row->>'/anonymousId', row->>'/anonymous_id')",
    key="coalesce(row->>'/messageId', row->>'/message_id', row->>'/id')",
    properties="CASE WHEN row->>'/properties' IS NOT NULL THEN opened(row->'/properties') "
    "WHEN len(columns_below(row, 'properties.')) > 0 THEN object_below(row, 'properties.') "
    "WHEN row->>'/event_text' IS NOT NULL THEN row END",
    aliases="[coalesce(row->>'/previousId', row->>'/previous_id')]",
)
AMPLITUDE = Format(  # Amplitude: Export API; event_time is corrected, in UTC
    name="row->>'/event_type'",
    at="coalesce(time_ms(row->'/event_time'), corrected(row->'/client_event_time', "
    "row->'/client_upload_time', row->'/server_received_time'))",
    user="row->>'/user_id'",
    anonymous="row->>'/device_id'",
    key="coalesce(concat_ws('|', row->>'/device_id', "
    "coalesce(row->>'/$insert_id', row->>'/insert_id')), row->>'/uuid')",
    properties="opened(row->'/event_properties')",
)
MIXPANEL = Format(  # Mixpanel: raw event export, identity merge in its three kinds
    name="row->>'/event'",
    at="wall_ms(row->'/properties/time')",
    user="coalesce(row->>'/properties/$user_id', row->>'/properties/$identified_id', "
    "CASE WHEN row->>'/properties/distinct_id' NOT LIKE '$device:%' "
    "THEN row->>'/properties/distinct_id' END)",
    anonymous="coalesce(row->>'/properties/$device_id', "
    "replace(row->>'/properties/distinct_id', '$device:', ''))",
    key="row->>'/event' || '|' || (row->>'/properties/distinct_id') || '|' "
    "|| (row->>'/properties/$insert_id') || '|' || time_ms(row->'/properties/time') // 86400000",
    aliases="list_concat([row->>'/properties/$anon_id', row->>'/properties/alias'], "
    "coalesce(CAST(row->'/properties/$distinct_ids' AS VARCHAR[]), []))",
)
POSTHOG = Format(  # PostHog: batch exports; properties are a string in Parquet
    name="row->>'/event'",
    at="time_ms(coalesce(row->'/timestamp', row->'/created_at'))",
    user="row->>'/distinct_id'",
    anonymous="NULL",
    key="row->>'/uuid'",
    aliases="CASE WHEN row->>'/event' IN ('$identify', '$create_alias', '$merge_dangerously') THEN "
    "[opened(row->'/properties')->>'/$anon_distinct_id', opened(row->'/properties')->>'/alias'] "
    "ELSE [] END",
)
GA4 = Format(  # GA4: BigQuery export schema; numbers are texts in JSON, times in µs
    name="row->>'/event_name'",
    at="time_ms(row->'/event_timestamp')",
    user="row->>'/user_id'",
    anonymous="row->>'/user_pseudo_id'",
    key="concat_ws('|', row->>'/user_pseudo_id', row->>'/user_id', row->>'/event_name', "
    "row->>'/event_timestamp', row->>'/event_bundle_sequence_id', row->>'/batch_page_id', "
    "row->>'/batch_ordering_id', row->>'/batch_event_index', "
    "parameter_texts(row->'/event_params'))",
    properties="parameters(row->'/event_params')",
)
SNOWPLOW = Format(  # Snowplow: canonical event model, enriched TSV, JSON or Parquet
    name="coalesce(nullif(row->>'/event_name', 'event'), row->>'/se_action', row->>'/event')",
    at="coalesce(time_ms(row->'/true_tstamp'), time_ms(row->'/derived_tstamp'), corrected("
    "row->'/dvce_created_tstamp', row->'/dvce_sent_tstamp', row->'/collector_tstamp'))",
    user="row->>'/user_id'",
    anonymous="coalesce(row->>'/domain_userid', row->>'/network_userid')",
    key="concat_ws('|', row->>'/event_id', row->>'/event_fingerprint')",
    properties="coalesce(opened(row->'/unstruct_event')->'/data/data', row)",
    columns=SNOWPLOW_COLUMNS,
)
MATOMO = Format(  # Matomo: Live.getLastVisitsDetails; a row is a visit with its actions
    name="coalesce(row->>'/eventAction', row->>'/type')",
    at="time_ms(coalesce(row->'/timestamp', row->'/visit/serverTimestamp'))",
    user="row->>'/visit/userId'",
    anonymous="row->>'/visit/visitorId'",
    key="concat_ws('|', row->>'/visit/idVisit', row->>'/timestamp', row->>'/type', "
    "row->>'/pageIdAction', row->>'/idpageview', row->>'/eventCategory', row->>'/eventAction', "
    "row->>'/eventName', row->>'/url')",
    properties="row",
    rows="SELECT json_merge_patch(action, json_object('visit', "
    "json_merge_patch(row, '{\"actionDetails\": null}'))) AS row FROM ({rows}), "
    "unnest(CAST(opened(row->'/actionDetails') AS JSON[])) AS a(action)",
)
PLAIN = Format(  # ours: a column each, the rest are properties
    name="coalesce(row->>'/event', row->>'/name')",
    at="time_ms(coalesce(row->'/at', row->'/timestamp', row->'/time'))",
    user="coalesce(row->>'/user', row->>'/user_id', row->>'/person')",
    anonymous="coalesce(row->>'/anonymous', row->>'/anonymous_id', row->>'/device')",
    key="coalesce(row->>'/id', row->>'/event_id')",
    properties="coalesce(opened(row->'/properties'), row)",
)
FORMATS = {
    "segment": SEGMENT,
    "amplitude": AMPLITUDE,
    "mixpanel": MIXPANEL,
    "posthog": POSTHOG,
    "ga4": GA4,
    "snowplow": SNOWPLOW,
    "matomo": MATOMO,
    "plain": PLAIN,
}
