"""How Sphinx makes pages of what build.py puts before it.

Change this only for a setting of Sphinx or of its theme.
"""

import json
import os
import re
import tomllib
from pathlib import Path

from sphinx.search import SearchLanguage

WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))

#: What reStructuredText would take for a substitution, emphasis or a target.
MARKUP = re.compile(r"\||(?<!^)\*(?! )|_(?=\W|$)")

#: A picture that a cell of a notebook has drawn.
DRAWN = re.compile(r'<img alt="[^"]*" src="_images/[^>]*>')

project = "umkm_analysis"
author = "The umkm_analysis contributors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/favicon.svg"
html_sidebars = {
    "**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html"]
}
html_context = {"default_mode": "auto"}
locale_dirs = [os.environ["UMKM_SITE_WORDS"]]

# The stored outputs are tested by nbval; a site that ran notebooks could show others.
nb_execution_mode = "off"
nb_merge_streams = True
# It would ask the network for scripts of widgets.
nb_ipywidgets_js = {}
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
# Plain words such as "value" in a docstring may be the name of several things.
suppress_warnings = ["ref.python"]
# What docstrings put between single quotation marks of code is code.
default_role = "code"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "sphinx_book_theme"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
html_last_updated_fmt = None
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "article_header_end": "language.html, article-header-buttons.html",
    "footer_content_items": "extra-footer.html",
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "max_navbar_depth": 1,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": True,
    "show_toc_level": 2,
}


class Indonesian(SearchLanguage):
    """Words are looked up as they are written: Sphinx has no stems for Indonesian."""

    lang = "id"
    language_name = "Indonesian"
    stopwords = frozenset(WORDS["search"]["id"].split())


def setup(app):
    from sphinx.search import languages

    languages["id"] = Indonesian

    def twins(app, page, template, context, doctree):
        found = json.loads((Path(app.srcdir) / "twins.json").read_text("utf-8"))
        context["twin"] = found.get(page)
        language = app.config.language
        context["switch"] = WORDS["site"]["switch"][language]
        # On a phone a picture keeps a size that can be read, and scrolls.
        name = WORDS["notebook"]["picture"][language]
        frame = f'<div class="wide" tabindex="0" role="group" aria-label="{name}">'
        body = context.get("body", "")
        context["body"] = DRAWN.sub(lambda drawn: f"{frame}{drawn[0]}</div>", body)

    def plain(app, what, name, obj, options, lines):
        """Bars, stars and underscores of a docstring are themselves, no markup."""
        code = False
        for i, line in enumerate(lines):
            code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
            if not code:
                parts = re.split(r"(`+[^`]*`+)", line)
                parts[::2] = [MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
                lines[i] = "".join(parts)

    def skip(app, what, name, obj, skipped, options):
        """A constant that is a folder would name one of the machine that builds."""
        return True if isinstance(obj, Path) else None

    app.connect("autodoc-skip-member", skip)
    app.connect("html-page-context", twins)
    app.connect("autodoc-process-docstring", plain, priority=100)
    return {"parallel_read_safe": True}
