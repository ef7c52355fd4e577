"""What can be wrong with an uploaded file or one of its rows, and the text of every problem of lists by its code."""

from enum import StrEnum

from wem.lists.rules import ADDRESS_PROBLEM_TEXTS, VALUE_PROBLEM_TEXTS


class FileProblem(StrEnum):
    """Why a whole file cannot be read; the value is stored with the upload."""

    EMPTY = "file_empty"
    TOO_LARGE = "file_too_large"
    PDF = "file_pdf"
    IMAGE = "file_image"
    OLD_EXCEL = "file_old_excel"
    ENCRYPTED = "file_encrypted"
    OTHER_OFFICE = "file_other_office"
    ARCHIVE = "file_archive"
    HTML = "file_html"
    NOT_A_TABLE = "file_not_a_table"
    NO_LINES = "file_no_lines"
    BROKEN_WORKBOOK = "file_broken_workbook"
    SUSPICIOUS_WORKBOOK = "file_suspicious_workbook"
    WORKBOOK_TOO_LARGE = "file_workbook_too_large"


class RowProblem(StrEnum):
    """Why one row cannot be read; the value is stored with the refused row."""

    UNDECODABLE = "undecodable"
    NUL = "nul"
    UNBALANCED_QUOTE = "unbalanced_quote"
    STRAY_RETURN = "stray_return"
    LONG_CELL = "long_cell"
    TOO_MANY_CELLS = "too_many_cells"
    EXTRA_CELLS = "extra_cells"


class UnreadableFile(Exception):
    """The file is no table that we can read; `problem` says why."""

    def __init__(self, problem: FileProblem):
        super().__init__(problem.value)
        self.problem = problem


# English msgids; their Japanese stands in list_rules.po.
FILE_PROBLEM_TEXTS: dict[FileProblem, str] = {
    FileProblem.EMPTY: "The file is empty. Choose a file with addresses.",
    FileProblem.TOO_LARGE: "The file is larger than 200 MB. Split it into several files.",
    FileProblem.PDF: "This is a PDF file. Save the table as CSV or Excel (.xlsx) and upload that.",
    FileProblem.IMAGE: "This is an image. Save the table as CSV or Excel (.xlsx) and upload that.",
    FileProblem.OLD_EXCEL: "This is an old Excel file (.xls). Open it in Excel and save it as .xlsx or CSV.",
    FileProblem.ENCRYPTED: "The file is protected with a password. Save it without one and upload it again.",
    FileProblem.OTHER_OFFICE: "This kind of file cannot be read. Save the table as Excel (.xlsx) or CSV.",
    FileProblem.ARCHIVE: "This is a compressed file. Unpack it and upload the CSV or Excel file inside.",
    FileProblem.HTML: "This is a web page. Save the table as CSV or Excel (.xlsx) and upload that.",
    FileProblem.NOT_A_TABLE: "This file is neither CSV nor Excel (.xlsx). Choose another file.",
    FileProblem.NO_LINES: "The file has no line breaks, so it cannot be read as a table. Save it as CSV again.",
    FileProblem.BROKEN_WORKBOOK: "The Excel file is damaged. Open it in Excel, save it again and upload it.",
    FileProblem.SUSPICIOUS_WORKBOOK: "The Excel file is packed in an unusual way. Save the table as CSV.",
    FileProblem.WORKBOOK_TOO_LARGE: "The Excel file is too large when opened. Save the table as CSV or split it.",
}

ROW_PROBLEM_TEXTS: dict[RowProblem, str] = {
    RowProblem.UNDECODABLE: "The row holds characters that cannot be read. Check the character set or the row.",
    RowProblem.NUL: "The row holds a character that is no text (NUL). Correct the row.",
    RowProblem.UNBALANCED_QUOTE: 'The row opens a quotation mark (") that is never closed. Correct the row.',
    RowProblem.STRAY_RETURN: "The row holds a line break outside quotation marks. Correct the row.",
    RowProblem.LONG_CELL: "The row has a cell of more than 10,000 characters. Shorten it.",
    RowProblem.TOO_MANY_CELLS: "The row has more than 200 cells. Correct the row.",
    RowProblem.EXTRA_CELLS: "The row has more cells than the first row. Correct the row.",
}

# By the code that is stored, whatever it is about.
PROBLEM_TEXTS: dict[str, str] = {
    str(code): text
    for texts in (ADDRESS_PROBLEM_TEXTS, VALUE_PROBLEM_TEXTS, FILE_PROBLEM_TEXTS, ROW_PROBLEM_TEXTS)
    for code, text in texts.items()
}
