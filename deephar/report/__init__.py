"""The HTML page: what `deephar predict` found and how a training went, in one file that needs no network.

    places --find--> documents, run folders --packed--> data of the page --write_page--> report.html

The page's text, style and programme are the files beside this one; Python puts the data in.
"""

from deephar.report.page import write_report

__all__ = ["write_report"]
