"""Sectors, districts, sizes and peers of the shipped tables, and of any others."""

import csv
import json
import shutil

import pytest

import umkm_analysis as ua
from umkm_analysis import blocks, breakdown, contract
from umkm_analysis.errors import DataError

FUNCTIONS = ("sectors", "districts", "sizes", "peers")


@pytest.fixture(scope="module")
def folder():
    return ua.Folder()


@pytest.fixture(scope="module")
def city(folder):
    return {name: getattr(breakdown, name)(folder, "6471") for name in FUNCTIONS}


def pick(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame


# Sectors


def test_no_split_of_the_city_is_found_and_the_nearest_is_the_province(city):
    frame = city["sectors"]
    assert breakdown.sector_verdict(frame) == "no_split"
    near = pick(frame, part="nearest_split")
    assert near["region_code"].unique().tolist() == ["64"]
    assert near["sector"].tolist() == [
        "trade", "culinary", "services", "manufacturing_agency", "craft", "residual",
    ]  # fmt: skip
    parts = (100 * near["share_of_parts"].dropna()).round(1).tolist()
    assert parts == [56.9, 28.2, 9.7, 4.7, 0.5]
    assert near["value"].iloc[-1] == 10000
    assert near["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("row_id", "verdict", "base"),
    [
        ("BPN-0027", "part_only", 19710),
        ("BPN-0030", "no_base", None),
        ("BPN-0059", "full_without_base", None),
        ("BPN-0060", "full_without_base", None),
        ("BPN-0092", "part_only", 93000),
        ("BPN-0097", "conflict", None),
        ("BPN-0100", "conflict", None),
        ("BPN-0121", "not_for_calculation", None),
        ("BPN-0124", "programme", None),
    ],
)
def test_verdict_of_a_statement(city, row_id, verdict, base):
    frame = city["sectors"]
    row = frame[frame["ids"].str.split(";").str[0] == row_id].iloc[0]
    assert row["verdict"] == verdict
    assert base == (
        None if row["base_value"] != row["base_value"] else row["base_value"]
    )


def test_every_first_statement_on_sectors_is_there(folder, city):
    rows = folder.figures(region="6471")
    rows = rows[
        rows["size_class"].notna()
        & rows["sector"].notna()
        & ~rows["sector"].isin(breakdown.WHOLE)
    ]
    shown = {i for ids in city["sectors"]["ids"] for i in ids.split(";")}
    assert set(rows["id"]) <= shown


def test_statements_are_counted_once_with_their_repeats(city):
    row = pick(city["sectors"], concept="agency_listing_2016").iloc[0]
    assert row["printed"] == 3
    assert row["ids"] == "BPN-0027;BPN-0028;BPN-0029;BPN-0026"
    assert row[["share", "share_low", "share_high"]].tolist() == [0.4, 0.35, 0.4]


def test_culinary_falls_into_three_sections(city):
    frame = city["sectors"]
    sections = frame.drop_duplicates("sector").set_index("sector")["kbli_sections"]
    assert sections["culinary"] == "I;C;G"
    assert sections["C"] == "C"


def test_shares_of_output_stand_apart_with_what_is_not_published(city):
    output = pick(city["sectors"], part="output")
    assert set(output["measure"]) == {"grdp_share"}
    assert (output.groupby("period")["share"].sum().round(9) == 1).all()


def test_orders_of_districts_are_not_orders_of_sectors(city):
    claims = pick(city["sectors"], part="ordering")["claim_id"].tolist()
    assert claims == ["C002", "C003", "C004", "C011", "C036", "C059"]


def test_split_that_exceeds_its_whole(folder):
    frame = breakdown.sectors(folder, "64")
    aid = pick(frame, concept="aid_allocation_2021")
    assert set(aid["verdict"]) == {"not_for_calculation"}
    assert breakdown.sector_verdict(frame) == "split_with_residual"
    assert pick(frame, part="nearest_split").empty


# Districts


def test_district_table(city):
    frame = city["districts"]
    areas = pick(frame, part="area").set_index("region_code")
    assert areas["units"].sum() == 4575
    each = (areas["turnover_per_unit"] / 1e6).round().to_dict()
    assert each["6471011"] == 87
    assert each["6471020"] == 36
    assert set(areas["population_period"]) == {"2024-01/2024-06"}
    assert set(areas["year"]) == {2018}
    assert areas.loc["6471010", "units_per_1000"] == pytest.approx(794 / 160.658)
    assert "2012" in areas.loc["6471011", "note"]
    rest = pick(frame, part="residual").iloc[0]
    assert (rest["units"], rest["turnover"], rest["workers"]) == (0, 3e9, 7286)
    assert (rest["turnover_low"], rest["turnover_high"]) == (-0.5e9, 6.5e9)
    assert rest["verdict"] == "within_rounding"
    shares = frame[frame["part"] != "whole"][["units_share", "turnover_share"]].sum()
    assert shares.tolist() == pytest.approx([1, 1])


def test_old_boundaries_are_no_area_of_the_table(city):
    assert "6471-selatan-pre2012" not in set(city["districts"]["region_code"])


def test_a_province_has_the_same_kind_of_table(folder):
    census = pick(
        breakdown.districts(folder, "64"),
        concept="economic_census_nonfarm",
        period="2016",
    )
    assert len(pick(census, part="area")) == 10
    # The parts add to 313,498, printed as 313 thousand.
    rest = pick(census, part="residual").iloc[0]
    assert rest["units"] == 313000 - pick(census, part="area")["units"].sum()
    assert rest["verdict"] == "within_rounding"


# Sizes


def test_micro_share_beside_the_national_one(city):
    frame = pick(city["sizes"], size_class="micro")
    own = pick(frame, verdict="latest").iloc[0]
    shares = own[["share", "share_low", "share_high"]].tolist()
    assert shares == pytest.approx([0.9355, 0.9251, 0.9459], abs=5e-5)
    assert own["regime"] == "PP 7/2021"
    national = pick(frame, region_code="0000", verdict="same_limits").iloc[0]
    assert national["share"] == pytest.approx(0.9345, abs=5e-5)
    assert national["whole_class"] == "all"
    old = pick(frame, concept="agency_register").iloc[0]
    assert (old["regime"], old["verdict"]) == ("UU 20/2008", "other_limits")


def test_sizes_close_with_a_residual_row(city):
    frame = city["sizes"]
    exact = pick(frame, concept="province_mapping_2020")
    assert exact["share"].sum() == pytest.approx(1)
    assert "residual" not in set(exact["size_class"])
    rest = pick(frame, verdict="latest", size_class="residual").iloc[0]
    assert (rest["value"], rest["value_low"], rest["value_high"]) == (6000, 5000, 7000)
    assert "large" not in set(pick(frame, whole_class="msme")["size_class"])


def test_limits_by_workers_are_not_those_of_the_law(city):
    assert set(pick(city["sizes"], family="industry_survey")["regime"]) == {
        "BPS workers"
    }


# Peers


def test_balikpapan_is_last_whatever_the_rounding(city):
    census = pick(city["peers"], part="census").set_index("region_code")
    assert len(census) == 10
    own = census.loc["6471"]
    assert (own["rank_best"], own["rank_worst"]) == (10, 10)
    assert own["verdict"] == "last_whatever_the_rounding"
    bounds = (100 * census[["growth_low", "growth_high"]].astype(float)).round(1)
    assert bounds.loc["6471"].tolist() == [11.9, 16.2]
    assert bounds.loc["6472"].tolist() == [17.0, 20.1]
    published = {
        "6404": 108, "6409": 73, "6405": 64, "6411": 56, "6402": 44, "6401": 33,
        "6474": 27, "6403": 22, "6472": 19, "6471": 14,
    }  # fmt: skip
    assert (100 * census["growth"]).round().astype(int).to_dict() == published
    assert own["stated_growth"] == pytest.approx(0.14)
    assert (
        (census["rank_best"] <= census["rank"])
        & (census["rank"] <= census["rank_worst"])
    ).all()


def test_jumps_are_differences_not_growth(city):
    jumps = pick(city["peers"], part="jump")
    found = {
        (r["region_code"], r["to_period"]): round(100 * r["difference"])
        for _, r in jumps.iterrows()
    }
    assert found["51", "2022"] == 35
    assert found["3505", "2021"] == 53
    assert found["6472", "2017"] == 85
    assert found["5171", "2016"] == 158
    assert jumps["growth"].isna().all()
    assert "6471" not in set(jumps["region_code"])


def test_three_counts_of_one_regency_in_one_month(city):
    row = pick(city["peers"], part="same_time", region_code="3402").iloc[0]
    assert (row["from_value"], row["to_value"]) == (24000, 121000)
    assert len(row["ids"].split(";")) == 3


def test_steady_register(city):
    steady = pick(city["peers"], part="steady")
    assert set(steady["region_code"]) == {"1904"}
    assert (100 * steady["growth"]).round(1).tolist() == [4.2, 3.7, 2.1, 2.4]


def test_gallery_of_computed_series(city):
    gallery = pick(city["peers"], part="computed").set_index("region_code")
    assert set(gallery.index) == {"0000", "3271", "3273", "3274", "3275", "3276"}
    assert gallery.loc["0000", "pattern"] == "equal_steps"
    # 2019 stands under another concept and continues the line exactly.
    assert gallery.loc["0000", "ids"] == "IDN-0052;IDN-0053;IDN-0054;IDN-0069;IDN-0055"
    west_java = gallery.drop(index="0000")
    assert set(west_java["pattern"]) == {"equal_rates"}
    assert (100 * west_java["cagr"]).round(2).unique().tolist() == [6.19]


def test_no_false_alarm_on_the_panels(folder):
    frame = breakdown.false_alarms(folder, draws=50)
    panels = pick(frame, kind="panel")
    assert set(panels["name"]) == {"imk", "unincorporated", "cooperatives"}
    assert panels["series"].sum() > 2000
    assert panels["alarms"].sum() == 0
    assert pick(frame, kind="simulated")["rate"].max() <= 0.05


# Any region, any folder


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_row_leads_back_to_its_figures(folder, city, name):
    known = set(folder.figures()["id"])
    for ids in city[name]["ids"]:
        assert set(ids.split(";")) <= known
        assert len(set(ids.split(";"))) == len(ids.split(";"))


@pytest.mark.parametrize("region", ["0000", "64", "6404", "6471020", "94", "1904"])
def test_other_regions(folder, region):
    for name in FUNCTIONS:
        frame = getattr(breakdown, name)(folder, region)
        assert list(frame.columns) == getattr(breakdown, name.upper())
        assert frame["ids"].str.len().gt(0).all()


def test_unknown_region_and_home(folder, city):
    with pytest.raises(DataError):
        breakdown.sectors(folder, "9999")
    assert len(breakdown.districts(folder)) == len(city["districts"])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The same tables about a city with another code."""
    target = tmp_path_factory.mktemp("elsewhere") / "data"
    shutil.copytree(contract.SHIPPED, target)
    package = target / "datapackage.json"
    text = json.loads(package.read_text(encoding="utf-8"))
    text["home_region"] = "9971"
    for resource in text["resources"]:
        resource.pop("hash", None)
    package.write_text(json.dumps(text), encoding="utf-8")
    for path in target.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            for column in ("region_code", "parent_code"):
                if row.get(column, "").startswith("6471"):
                    row[column] = "99" + row[column][2:]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return ua.open_folder(target)


def test_nothing_about_one_city_is_in_the_code(elsewhere, city):
    for name in FUNCTIONS:
        there = getattr(breakdown, name)(elsewhere)
        assert there["ids"].tolist() == city[name]["ids"].tolist()
        assert (
            there["verdict"].dropna().tolist()
            == city[name]["verdict"].dropna().tolist()
        )


DEFAULTS = {
    "region_code": "6471", "period": "2024", "year": "2024",
    "measure": "business_units", "concept": "registered_msme_2025",
    "size_class": "msme", "precision": "exact", "status": "observed", "grade": "B",
    "source_id": "iknbisnis-2025-07-09-umkm-87397",
}  # fmt: skip


@pytest.fixture
def folder_with(tmp_path):
    """A folder that keeps the vocabularies and has only these observations."""

    def make(*rows):
        target = tmp_path / "data"
        shutil.copytree(contract.SHIPPED, target)
        package = target / "datapackage.json"
        text = json.loads(package.read_text(encoding="utf-8"))
        for resource in text["resources"]:
            resource.pop("hash", None)
        package.write_text(json.dumps(text), encoding="utf-8")
        emptied = ("observations", "balikpapan", "claims", "readings", "story")
        panels = [r["name"] for r in text["resources"] if "panel" in r]
        for name in (*emptied, *panels):
            path = target / f"{name}.csv"
            if not path.exists():
                continue
            header = path.read_text(encoding="utf-8").splitlines()[0]
            lines = [header]
            if name == "observations":
                columns = header.split(",")
                for i, row in enumerate(rows):
                    full = DEFAULTS | {"id": f"BPN-{i + 1:04}"} | row
                    full |= dict.fromkeys(("value_low", "value_high"), row["value"])
                    lines.append(",".join(str(full.get(c, "")) for c in columns))
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return ua.open_folder(target)

    return make


def test_a_folder_without_figures_gives_empty_frames(folder_with):
    folder = folder_with()
    for name in FUNCTIONS:
        frame = getattr(breakdown, name)(folder, "6471")
        assert frame.empty
        assert list(frame.columns) == getattr(breakdown, name.upper())
    assert (
        breakdown.sector_verdict(breakdown.sectors(folder, "6471")) == "nothing_stated"
    )
    assert set(breakdown.false_alarms(folder, draws=2)["kind"]) <= {
        "panel",
        "simulated",
    }


@pytest.mark.parametrize(
    ("parts", "verdict", "residual"),
    [
        ((60, 40), "full_split", None),
        ((60, 30), "split_with_residual", 10),
        ((60, 50), "exceeds_whole", None),
        ((60,), "part_only", None),
    ],
)
def test_verdict_follows_from_the_sum(folder_with, parts, verdict, residual):
    sectors = ("trade", "services")
    rows = [{"sector": "all", "value": 100}]
    rows += [{"sector": s, "value": v} for s, v in zip(sectors, parts, strict=False)]
    frame = breakdown.sectors(folder_with(*rows), "6471")
    stated = frame[frame["sector"] != "residual"]
    assert set(stated["verdict"]) == {verdict}
    rest = frame[frame["sector"] == "residual"]["value"].tolist()
    assert rest == ([] if residual is None else [residual])


def test_a_region_is_among_its_peers_whatever_its_level(folder_with):
    areas = ("6401", "6402", "6403", "6471")
    folder = folder_with(
        *(
            {
                "region_code": code, "period": year, "year": year, "value": value,
                "concept": "economic_census_nonfarm",
            }
            for code in areas
            for year, value in (("2006", 100), ("2016", 150))
        )
    )  # fmt: skip
    path = folder.path / "regions.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        "".join(
            line.replace(",city,", ",other,") if line.startswith("6471,") else line
            for line in text.splitlines(keepends=True)
        ),
        encoding="utf-8",
    )
    folder = ua.open_folder(folder.path)
    census = breakdown.peers(folder, "6471").query("part == 'census'")
    assert set(census["region_code"]) == set(areas)
    assert blocks.of_peers(breakdown.peers(folder, "6471"), folder, "6471")["census"]
